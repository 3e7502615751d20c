//! Runs a test of a race in every order of steps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bridge_offload::{OffloadError, Pool};
use loom::thread;

use super::wait;

/// A timeout that never passes.
pub const LONG: Duration = Duration::MAX;

/// Explores `test`. Every thread must have ended when `test` returns. Returns whether loom has
/// tried all orders, and was not stopped before.
pub fn explore(test: impl Fn() + Sync + Send + 'static) -> bool {
    let model = loom::model::Builder::new();
    explore_to(model.preemption_bound.unwrap_or(2), test)
}

/// Explores `test` with at most this many preemptions in one execution. Returns whether loom has
/// tried all such orders.
pub fn explore_to(preemptions: usize, test: impl Fn() + Sync + Send + 'static) -> bool {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    let (start, limit) = (Instant::now(), model.max_duration);
    let runs = AtomicUsize::new(0);
    let runs = Arc::new(runs);
    let count = Arc::clone(&runs);
    model.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        test();
    });
    let runs = runs.load(Ordering::Relaxed);
    let test = std::thread::current();
    println!("{}: {runs} orders of steps", test.name().unwrap_or("?"));
    assert!(
        runs > 1,
        "loom explored a single order: nothing in the test is seen by it"
    );
    limit.is_none_or(|limit| start.elapsed() < limit)
}

/// Submits a job while its pool shuts down: the job has run, or its caller is told.
pub fn submit_while_shutting_down(pool: &Pool) {
    let other = pool.clone();
    let submitter = thread::spawn(move || match wait(other.run(|| 3).outcome()) {
        Ok(value) => assert_eq!(value, 3),
        Err(error) => assert!(matches!(error, OffloadError::ShutDown { .. }), "{error}"),
    });
    let report = pool.shutdown(LONG).wait();
    assert_eq!((report.abandoned, report.running.len()), (0, 0));
    submitter.join().unwrap();
}
