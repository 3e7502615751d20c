//! Tokens and permits that must not be left behind or lost, in every order of steps. See
//! `loom.rs`.
#![cfg(bridge_loom)]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bridge_offload::{Pool, park::Parker};
use common::{
    WaitError,
    exploring::{LONG, explore, explore_to},
    try_wait, wait,
};
use futures::channel::oneshot;
use loom::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Otherwise a wait sees its future as it was before the wake-up.
#[test]
fn loom_what_was_written_before_the_token_is_seen_after_it() {
    explore(|| {
        let parker = Parker::new();
        let written = Arc::new(AtomicUsize::new(0));
        let (unparker, writes) = (parker.unparker().clone(), Arc::clone(&written));
        let other = thread::spawn(move || {
            writes.store(7, Ordering::Relaxed);
            unparker.unpark();
        });
        assert!(parker.park(None));
        assert_eq!(written.load(Ordering::Relaxed), 7);
        other.join().unwrap();
    });
}

/// Otherwise a park loses a wake-up that comes at its deadline.
#[test]
fn loom_a_token_at_the_deadline_is_seen_or_kept() {
    explore(|| {
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        let other = thread::spawn(move || unparker.unpark());
        let is_seen = parker.park(Some(Instant::now()));
        other.join().unwrap();
        assert_ne!(is_seen, parker.take());
    });
}

/// Otherwise a pool loses a permit with each job that is withdrawn as a worker takes it.
#[test]
fn loom_a_job_withdrawn_as_it_is_taken_keeps_no_permit() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .spin(Duration::ZERO)
            .build()
            .unwrap();
        drop(pool.try_run(|| ()).unwrap());
        assert_eq!(wait(pool.run(|| 2)), 2);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a wait is refused although the worker that it depends on has been woken, and
/// is about to go on.
#[test]
fn loom_a_worker_with_a_token_counts_as_awake_until_it_is_back() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .max_blocked_threads(1)
            .spin(Duration::ZERO)
            .build()
            .unwrap();
        let (wake, woken) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let first = pool.run(move || {
            wait(woken).unwrap();
            end.send(()).unwrap();
        });
        let first = first.start();
        let second = pool.run(move || {
            wake.send(()).unwrap();
            try_wait(ended)
        });
        assert_eq!(wait(second), Ok::<_, WaitError>(Ok(())));
        wait(first);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Runs two jobs that end only together.
fn run_two_that_end_only_together(pool: &Pool) {
    let parker = Parker::new();
    let unparker = parker.unparker().clone();
    let first = pool.run(move || assert!(parker.park(None))).start();
    let second = pool.run(move || unparker.unpark()).start();
    wait(first);
    wait(second);
}

/// Otherwise a worker that was called at the end of its `keep_alive` works while it is
/// listed as idle. Then the pool calls it for a job that it can't take.
#[test]
fn loom_a_thread_called_as_it_retires_is_called_once() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .spin(Duration::ZERO)
            .keep_alive(Duration::from_nanos(1))
            .build()
            .unwrap();
        assert_eq!(wait(pool.run(|| 1)), 1);
        assert_eq!(wait(pool.run(|| 2)), 2);
        run_two_that_end_only_together(&pool);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise the same happens to a worker that was called at the end of its watch.
#[test]
fn loom_a_watch_that_ends_leaves_no_token() {
    // The token needs one preemption: between the end of the watch and the check for a call.
    // These orders come first, because the short form of the audit cannot try all others.
    explore_to(1, end_a_watch);
    explore(end_a_watch);
}

fn end_a_watch() {
    let pool: Pool = Pool::builder()
        .max_threads(2)
        .spin(Duration::ZERO)
        .watchful_at_first()
        .build()
        .unwrap();
    // The second job blocks for a moment, so the other worker watches beside it.
    let parker = Parker::new();
    let unparker = parker.unparker().clone();
    let first = pool.run(|| 1).start();
    let second = pool.run(move || assert!(parker.park(None))).start();
    assert_eq!(wait(first), 1);
    unparker.unpark();
    wait(second);
    assert_eq!(wait(pool.run(|| 3)), 3);
    run_two_that_end_only_together(&pool);
    let _report = pool.shutdown(LONG).wait();
}
