//! How the tests of races are run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// A timeout that never passes.
pub const LONG: Duration = Duration::MAX;

/// Explores `test`; every thread must have ended by its end.
pub fn explore(test: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    if model.preemption_bound.is_none() {
        model.preemption_bound = Some(2);
    }
    let runs = AtomicUsize::new(0);
    let runs = Arc::new(runs);
    let count = Arc::clone(&runs);
    model.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        test();
    });
    let runs = runs.load(Ordering::Relaxed);
    println!("{runs} orders of steps");
    assert!(
        runs > 1,
        "loom explored a single order: nothing in the test is seen by it"
    );
}
