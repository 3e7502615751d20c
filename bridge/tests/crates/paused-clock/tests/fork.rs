//! Checks that an offload in a fork's child lets the paused clock of its parent's runtime
//! go on.
#![cfg(unix)]

use std::{fs, path::Path, thread, time::Duration};

use bridge::Bridge;
use testkit::within;
use tokio::{
    runtime::Builder,
    task::spawn_blocking,
    time::{Instant, sleep},
};

/// A time that the paused clock jumps over.
const LONG: Duration = Duration::from_secs(100);

/// Offloads a closure and sleeps. Returns whether both did what they should.
async fn offload_and_sleep() -> bool {
    let bridge = Bridge::builder().max_threads(1).build().unwrap();
    let value = bridge.offload(|| 7).await;
    let start = Instant::now();
    sleep(LONG).await;
    value == 7 && start.elapsed() >= LONG
}

/// Leaves an idle blocking thread, for which a fork's child would wait.
///
/// A thread that has run a closure takes the lock of Tokio's blocking pool before it sleeps.
/// A fork would copy that lock, and the child could never take it. So this returns only when
/// the thread sleeps, where the system can tell.
async fn leave_an_idle_blocking_thread() {
    let thread = spawn_blocking(|| fs::read_link("/proc/thread-self"));
    let Ok(thread) = thread.await.unwrap() else {
        return thread::sleep(Duration::from_millis(200));
    };
    let stat = Path::new("/proc").join(thread).join("stat");
    // The state follows the name, which is in brackets.
    while !fs::read_to_string(&stat).unwrap().contains(") S ") {
        thread::yield_now();
    }
}

/// Otherwise the child would sleep for ever. The threads of its runtime stayed in the parent,
/// so a blocking task there never ends, and Tokio would hold the clock for it.
#[test]
fn an_offload_in_a_forks_child_holds_no_clock() {
    within(|| {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            // From here on, the bridge notices forks.
            let _home = Bridge::global().handle().unwrap();
            leave_an_idle_blocking_thread().await;
            // SAFETY: the child goes on in this poll, uses a pool of its own, and leaves by
            // `_exit`, so nothing of the test runner runs twice.
            let pid = unsafe { libc::fork() };
            assert!(pid >= 0, "fork failed");
            if pid == 0 {
                // SAFETY: `alarm` sets a timer whose signal ends this process.
                unsafe { libc::alarm(10) };
                let ok = offload_and_sleep().await;
                // SAFETY: ends the child at once.
                unsafe { libc::_exit(i32::from(!ok)) }
            }
            let mut status = 0;
            // SAFETY: `status` is a valid place for the child's status.
            let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
            assert_eq!((waited, status), (pid, 0));
        });
    });
}
