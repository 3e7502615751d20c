//! Jobs that keep moving and do nothing for the queued jobs. A pool that stands still
//! beside them grows, or reports it.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    thread,
    time::Duration,
};

use bridge_offload::Pool;
use common::wait;
use futures::future::join_all;
use testkit::within;

/// Returns a future that another thread makes ready after `time`.
fn sleep(time: Duration) -> impl Future<Output = ()> + Send {
    let mut started = false;
    poll_fn(move |cx| {
        if started {
            return Poll::Ready(());
        }
        started = true;
        let waker = cx.waker().clone();
        thread::spawn(move || {
            thread::sleep(time);
            waker.wake();
        });
        Poll::Pending
    })
}

/// Runs a barrier of 40 jobs on a pool of 32 permits whose size nobody set. Beside it, a
/// job repeats `step` until the barrier is through.
fn beside_a_barrier(step: impl Fn(&Pool, &AtomicBool) + Send + 'static) {
    within(|| {
        let pool = Pool::new();
        let through = Arc::new(AtomicBool::new(false));
        let (inner, seen) = (pool.clone(), Arc::clone(&through));
        let beside = pool.run(move || {
            while !seen.load(Ordering::Relaxed) {
                step(&inner, &seen);
            }
        });
        let beside = beside.start();
        let barrier = Arc::new(Barrier::new(40));
        let jobs = (0..40).map(|_| {
            let barrier = Arc::clone(&barrier);
            pool.run(move || barrier.wait().is_leader())
        });
        wait(join_all(jobs));
        through.store(true, Ordering::Relaxed);
        wait(beside);
    });
}

#[test]
fn a_job_whose_waits_tick() {
    beside_a_barrier(|_, _| wait(sleep(Duration::from_millis(20))));
}

#[test]
fn a_job_whose_future_wakes_itself() {
    beside_a_barrier(|_, through| {
        wait(poll_fn(|cx| {
            if through.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            thread::sleep(Duration::from_micros(10));
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
    });
}

#[test]
fn a_job_that_waits_for_job_after_job() {
    beside_a_barrier(|pool, _| {
        wait(async {
            sleep(Duration::from_millis(20)).await;
            pool.run(|| ()).await;
        });
    });
}
