//! The length of a measurement: long for a record, short for `--quick`.

use std::{env, time::Duration};

use criterion::Criterion;

use crate::rounds::Budget;

/// The environment variable that `cargo xtask bench --quick` sets.
const QUICK: &str = "BRIDGE_BENCH_QUICK";

/// Returns whether `cargo xtask bench --quick` started this bench.
#[must_use]
pub fn quick() -> bool {
    env::var_os(QUICK).is_some()
}

/// Returns Criterion's settings for operations of up to some microseconds.
#[must_use]
pub fn short() -> Criterion {
    let criterion = Criterion::default().configure_from_args().without_plots();
    if quick() {
        criterion
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(300))
            .sample_size(10)
            .nresamples(1000)
    } else {
        criterion
            .warm_up_time(Duration::from_secs(1))
            .measurement_time(Duration::from_secs(3))
    }
}

/// Returns Criterion's settings for operations of milliseconds, with fewer samples.
#[must_use]
pub fn long() -> Criterion {
    if quick() {
        short().measurement_time(Duration::from_millis(500))
    } else {
        short().sample_size(30)
    }
}

/// Returns the rounds for one figure of a bench without Criterion.
#[must_use]
pub fn budget() -> Budget {
    if quick() {
        Budget {
            least: 5,
            time: Duration::from_millis(100),
        }
    } else {
        Budget {
            least: 7,
            time: Duration::from_secs(2),
        }
    }
}

/// Returns the number of threads that a row "from every core at once" uses.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
