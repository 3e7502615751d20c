//! Forks at odd places: in a start hook, in a cancel hook, and between two polls.
#![cfg(all(unix, not(bridge_loom)))]

mod common;

use std::{
    future::pending,
    io::{PipeWriter, Read, Write, pipe},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    process,
    sync::{Mutex, mpsc},
    task::{Context, Waker},
};

use bridge_offload::{Cancelled, Pool, on_cancel};
use common::{
    forks::{end_child, ended_well, fork_and_return, in_fork},
    plug, pool, wait,
};
use testkit::{panic_text, within};

/// Otherwise the jobs of a pool run in the child too, if a start hook forks.
#[test]
fn the_child_of_a_start_hook_that_forks_runs_no_job() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let tell = Mutex::new(tell);
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .on_thread_start(move || tell.lock().unwrap().send(fork_and_return()).unwrap())
            .build()
            .unwrap();
        let (mut read, write) = pipe().unwrap();
        let note =
            |mut write: PipeWriter| move || write.write_all(process::id().to_string().as_bytes());
        wait(pool.run(note(write))).unwrap();
        assert!(ended_well(told.recv().unwrap()), "the child goes on");
        let mut notes = String::new();
        read.read_to_string(&mut notes).unwrap();
        assert_eq!(notes, process::id().to_string());
    });
}

/// Otherwise the child takes the lock of its parent's job, and hangs if a thread of the
/// parent held it during the fork.
#[test]
fn a_child_is_told_by_a_submission_that_waits_for_room() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let mut queued = pin!(pool.run_unless(|| 7, pending()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(queued.as_mut().poll(&mut cx).is_pending());
        let is_told = in_fork(|| {
            let asks = || queued.as_mut().poll(&mut cx).is_ready();
            let panic = catch_unwind(AssertUnwindSafe(asks)).unwrap_err();
            panic_text(&*panic).contains("fork")
        });
        assert!(is_told);
        drop(release);
        wait(plugged);
        assert_eq!(wait(queued).ok(), Some(7));
    });
}

/// Otherwise the child calls hooks that belong to its parent.
#[test]
fn the_child_of_a_hook_that_forks_calls_no_other_hook() {
    within(|| {
        let pool = pool(1, 8);
        let (mut read, mut write) = pipe().unwrap();
        let (start, begun) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let job = pool.run(move || {
            let (call, called) = mpsc::channel();
            let _other = on_cancel(move || {
                write
                    .write_all(process::id().to_string().as_bytes())
                    .unwrap();
                call.send(()).unwrap();
            });
            let _newest = on_cancel(move || tell.send(fork_and_return()).unwrap());
            start.send(()).unwrap();
            called.recv().unwrap();
        });
        let job = job.start();
        begun.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        let child = told.recv().unwrap();
        if child == 0 {
            end_child();
        }
        assert!(ended_well(child), "the child goes on");
        wait(job);
        let mut notes = String::new();
        read.read_to_string(&mut notes).unwrap();
        assert_eq!(notes, process::id().to_string());
    });
}
