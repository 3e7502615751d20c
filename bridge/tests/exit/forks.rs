//! Checks that a fork's child waits only for its own jobs when it exits.

use std::{process::exit, thread, time::Duration};

use bridge::{Bridge, offload};

use crate::{Case, ENDLESS, Expect};

pub(crate) fn all() -> Vec<Case> {
    vec![Case {
        name: "a_forks_child_waits_for_its_own_work_only",
        child: forks,
        runs: 6,
        expect: Expect {
            stdout: "child\nparent\n",
            ..Expect::default()
        },
    }]
}

/// The parent's job runs as long as the child lives. So a child that waited for
/// that job would never end.
fn forks() {
    Bridge::builder()
        .exit_grace(ENDLESS)
        .install_global()
        .unwrap();
    async_warm_up();
    let (over, ended) = std::sync::mpsc::channel::<()>();
    offload(move || {
        ended.recv().unwrap();
        println!("parent");
    })
    .detach();
    thread::sleep(Duration::from_millis(20));
    // SAFETY: the child builds a bridge of its own, uses no other, and exits.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        let own = Bridge::builder().max_threads(1).build().unwrap();
        own.offload(|| {
            thread::sleep(Duration::from_millis(100));
            println!("child");
        })
        .detach();
        exit(0)
    }
    let mut status = 0;
    // SAFETY: `status` is a valid place for the child's status.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!((waited, status), (pid, 0));
    over.send(()).unwrap();
}

/// Starts the parent's home runtime, so that it has threads at the fork.
fn async_warm_up() {
    Bridge::global().wait(tokio::task::yield_now());
}
