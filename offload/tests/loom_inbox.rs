//! The inbox, in every order of steps, on the code that ships. See `loom.rs`.
#![cfg(bridge_loom)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bridge_offload::{OffloadError, Pool, park::Parker};
use common::{
    exploring::{LONG, explore, submit_while_shutting_down},
    wait,
};
use loom::thread;

/// More room than any test needs.
const ROOMY: usize = 1024;

/// Returns a pool whose only worker so far is awake for a moment: it spins, or has just
/// stopped.
fn awake(threads: usize, capacity: usize) -> Pool {
    let pool: Pool = Pool::builder()
        .max_threads(threads)
        .queue_capacity(capacity)
        .spin(Duration::from_nanos(1))
        .build()
        .unwrap();
    wait(pool.run(|| ()));
    pool
}

/// Returns a pool of two permits, whose searching worker watches while the other works.
fn watchful() -> Pool {
    Pool::builder()
        .max_threads(2)
        .spin(Duration::ZERO)
        .watchful()
        .build()
        .unwrap()
}

/// Otherwise a job that was left in the inbox is lost when its caller drops it, or it
/// runs although it was cancelled.
#[test]
fn loom_a_job_left_in_the_inbox_is_claimed_or_withdrawn() {
    explore(|| {
        let pool = awake(1, ROOMY);
        let ran = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ran);
        drop(
            pool.run(move || count.fetch_add(1, Ordering::Relaxed))
                .start(),
        );
        let report = pool.shutdown(LONG).wait();
        let metrics = pool.metrics();
        assert_eq!(metrics.completed + metrics.cancelled, 2, "{metrics:?}");
        assert_eq!(ran.load(Ordering::Relaxed) as u64, metrics.completed - 1);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Otherwise a caller hangs whose job was left in the inbox as its pool was shut down.
#[test]
fn loom_a_job_left_in_the_inbox_as_the_pool_shuts_down_is_answered() {
    explore(|| {
        submit_while_shutting_down(&awake(1, ROOMY));
    });
}

/// Otherwise a pool that is shutting down takes a job into the inbox, and its last worker
/// ends without looking at it.
#[test]
fn loom_nothing_is_left_in_the_inbox_of_a_pool_that_shuts_down() {
    explore(|| {
        let pool = watchful();
        let tasks = [1, 2].map(|n| pool.run(move || n).start());
        let other = pool.clone();
        let end = thread::spawn(move || other.shutdown(LONG).wait());
        match wait(pool.run(|| 3).start().outcome()) {
            Ok(value) => assert_eq!(value, 3),
            Err(error) => assert!(matches!(error, OffloadError::ShutDown { .. }), "{error}"),
        }
        assert_eq!(tasks.map(wait), [1, 2]);
        let report = end.join().unwrap();
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Otherwise a job waits in the inbox for ever. One worker has just ended its last job,
/// and the other watches.
#[test]
fn loom_a_job_left_in_the_inbox_is_found_by_who_works_or_watches() {
    explore(|| {
        let pool = watchful();
        let tasks: Vec<_> = (0..3).map(|n| pool.run(move || n).start()).collect();
        let values: Vec<_> = tasks.into_iter().map(wait).collect();
        assert_eq!(values, [0, 1, 2]);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a job in the inbox gets no worker. The spinning worker has just taken
/// another job, which may wait for the job in the inbox.
#[test]
fn loom_a_job_left_in_the_inbox_behind_one_that_blocks_gets_a_thread() {
    explore(|| {
        let pool = awake(2, ROOMY);
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        let blocked = pool.run(move || assert!(parker.park(None))).start();
        let other = pool.run(move || unparker.unpark()).start();
        wait(blocked);
        wait(other);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a job is admitted past the capacity, or its turn never comes, because the
/// inbox had no room for it.
#[test]
fn loom_a_job_that_finds_the_inbox_full_waits_for_room() {
    explore(|| {
        let pool = awake(1, 1);
        let tasks: Vec<_> = (0..2).map(|n| pool.run(move || n).start()).collect();
        assert!(pool.metrics().queued <= 1);
        let values: Vec<_> = tasks.into_iter().map(wait).collect();
        assert_eq!(values, [0, 1]);
        let _report = pool.shutdown(LONG).wait();
    });
}
