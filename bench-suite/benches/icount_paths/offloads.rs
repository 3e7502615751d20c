//! Instructions of a thread that submits a job.
//!
//! The pool's only thread is busy, so no other thread has a part in the count, and
//! nothing is woken.

use std::{hint::black_box, pin::pin, sync::mpsc, task, task::Waker};

use bench_suite::workload::offload::job;
use bridge::{Bridge, Pool};
use iai_callgrind::{library_benchmark, library_benchmark_group};

use crate::measured;

/// Runs `body` with a pool whose queue holds `queue` jobs.
///
/// The pool's only thread is blocked until `body` has returned.
fn with_busy_pool(queue: usize, body: impl FnOnce(&Pool)) {
    let pool = Pool::builder().max_threads(1).queue_capacity(queue);
    let pool = pool.build().expect("a pool");
    let (go, gate) = mpsc::channel::<()>();
    let (here, there) = mpsc::channel();
    let blocked = pool.run(move || {
        // The sender sends nothing. Dropping it ends `recv` with an error.
        here.send(()).is_ok() && gate.recv().is_err()
    });
    let blocked = blocked.start();
    there.recv().expect("the job begins");
    body(&pool);
    drop(go);
    assert!(pollster::block_on(blocked));
}

// The offload is dropped before its first poll, so nothing is queued.
#[library_benchmark]
fn offload_create_icount_of_bridge() {
    let bridge = Bridge::global();
    drop(black_box(bridge.offload(|| job(1))));
    measured(|| drop(black_box(bridge.offload(|| job(1)))));
}

// `start` queues the job.
#[library_benchmark]
fn offload_start_icount_of_bridge() {
    with_busy_pool(16, |pool| {
        let first = pool.run(|| job(1)).start();
        let second = measured(|| pool.run(|| job(1)).start());
        drop((first, second));
    });
}

// The queue has room, so `try_run` queues the job.
#[library_benchmark]
fn offload_try_run_icount_of_bridge() {
    with_busy_pool(16, |pool| {
        let first = pool.try_run(|| job(1));
        let second = measured(|| pool.try_run(|| job(1)));
        assert!(first.is_ok() && second.is_ok());
    });
}

// The queue is full, so `try_run` refuses the job.
#[library_benchmark]
fn offload_refused_icount_of_bridge() {
    with_busy_pool(1, |pool| {
        let queued = pool.try_run(|| job(1));
        assert!(pool.try_run(|| job(1)).is_err());
        let refused = measured(|| pool.try_run(|| job(1)).is_err());
        assert!(refused && queued.is_ok());
    });
}

// The first poll queues the job.
#[library_benchmark]
fn offload_first_poll_icount_of_bridge() {
    with_busy_pool(16, |pool| {
        let mut context = task::Context::from_waker(Waker::noop());
        let mut first = pin!(pool.run(|| job(1)));
        assert!(first.as_mut().poll(&mut context).is_pending());
        let mut second = pin!(pool.run(|| job(1)));
        assert!(measured(|| second.as_mut().poll(&mut context)).is_pending());
    });
}

// The job is dropped while it is queued, so it never runs.
#[library_benchmark]
fn offload_withdraw_icount_of_bridge() {
    with_busy_pool(16, |pool| {
        drop(pool.run(|| job(1)).start());
        let second = pool.run(|| job(1)).start();
        measured(|| drop(second));
    });
}

library_benchmark_group!(
    name = handing_over;
    benchmarks =
        offload_create_icount_of_bridge,
        offload_start_icount_of_bridge,
        offload_try_run_icount_of_bridge,
        offload_refused_icount_of_bridge,
        offload_first_poll_icount_of_bridge,
        offload_withdraw_icount_of_bridge
);
