//! Withdrawing jobs: dropped, cancelled, timed out.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge_offload::{Cancelled, OffloadError, Rejected, cancelled};
use common::{eventually, plug, pool, wait};
use testkit::within;

#[test]
fn a_timed_admission_gives_the_closure_back() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let _queued = pool.try_run(|| ()).unwrap();
        let at_once = std::future::ready(());
        let rejected = wait(pool.run_unless(|| 5, at_once)).unwrap_err();
        assert!(matches!(&rejected, Rejected::TimedOut(_)));
        assert_eq!(rejected.into_inner()(), 5);
        drop(release);
        wait(plugged);
        assert_eq!(
            wait(pool.run_unless(|| 6, std::future::pending())).ok(),
            Some(6)
        );
    });
}

/// Panics when dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(thread::panicking(), "bomb");
    }
}

#[test]
fn a_result_that_panics_when_dropped_costs_no_thread() {
    within(|| {
        let pool = pool(1, 8);
        let (started, running) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let task = pool
            .try_run(move || {
                started.send(()).unwrap();
                let _released = held.recv();
                Bomb
            })
            .unwrap();
        running.recv().unwrap();
        drop(task);
        drop(release);
        eventually("the bomb has gone off", || pool.metrics().panicked == 1);
        assert_eq!(wait(pool.run(|| 1)), 1);
    });
}

#[test]
fn dropping_a_queued_job_withdraws_it_and_its_captures() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let captured = Arc::new(());
        let capture = Arc::clone(&captured);
        let ran = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran);
        let task = pool
            .try_run(move || {
                flag.store(true, Ordering::SeqCst);
                drop(capture);
            })
            .unwrap();
        drop(task);
        assert_eq!(
            Arc::strong_count(&captured),
            1,
            "the captures are dropped at once"
        );
        assert_eq!((pool.metrics().queued, pool.metrics().cancelled), (0, 1));
        drop(release);
        wait(plugged);
        wait(pool.run(|| ()));
        assert!(!ran.load(Ordering::SeqCst));
    });
}

#[test]
fn withdrawn_jobs_leave_no_memory_behind() {
    within(|| {
        let pool = pool(1, 16);
        let (plugged, release) = plug(&pool);
        for _ in 0..100_000 {
            drop(pool.try_run(|| ()).expect("the queue has room again"));
        }
        assert_eq!(pool.metrics().cancelled, 100_000);
        drop(release);
        wait(plugged);
    });
}

#[test]
fn cancel_tells_what_it_came_upon() {
    within(|| {
        let pool = pool(1, 8);
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = mpsc::channel();
        let runs = pool
            .try_run(move || {
                started.send(()).unwrap();
                let _released = held.recv();
                while !cancelled() {
                    thread::yield_now();
                }
                "early"
            })
            .unwrap();
        running.recv().unwrap();
        let queued = pool.try_run(|| ()).unwrap();
        assert_eq!(queued.cancel(), Cancelled::Withdrawn);
        assert!(matches!(
            wait(queued.outcome()),
            Err(OffloadError::Cancelled { .. })
        ));
        assert_eq!(runs.cancel(), Cancelled::Running);
        drop(release);
        eventually("the job has ended", || pool.metrics().completed == 1);
        assert_eq!(runs.cancel(), Cancelled::Finished);
        assert_eq!(wait(runs), "early");
        assert!(!cancelled(), "false outside of jobs");
    });
}

#[test]
fn a_dropped_job_keeps_its_permit_until_it_ends() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        drop(plugged);
        let next = pool.run(|| 1).start();
        thread::sleep(Duration::from_millis(20));
        assert_eq!((pool.metrics().running, pool.metrics().queued), (1, 1));
        drop(release);
        assert_eq!(wait(next), 1);
    });
}

#[test]
fn captures_that_panic_when_they_are_withdrawn_leave_their_place() {
    within(|| {
        let pool = pool(1, 4);
        let (plugged, release) = plug(&pool);
        for cancel in [false, true].repeat(4) {
            let bomb = Bomb;
            let task = pool.try_run(move || drop(bomb)).unwrap();
            let panic = catch_unwind(AssertUnwindSafe(|| {
                if cancel {
                    let _withdrawn = task.cancel();
                } else {
                    drop(task);
                }
            }));
            assert!(panic.is_err());
            assert_eq!(pool.metrics().queued, 0);
        }
        drop(release);
        wait(plugged);
        assert_eq!(pool.metrics().cancelled, 8);
        let _nothing_is_left = pool.shutdown(Duration::MAX);
    });
}
