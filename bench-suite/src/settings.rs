//! How long is measured: for a record, or for a first impression.

use std::{env, time::Duration};

use criterion::Criterion;

use crate::rounds::Budget;

/// Set by `cargo xtask bench --quick`.
const QUICK: &str = "BRIDGE_BENCH_QUICK";

/// Whether a first impression is enough.
#[must_use]
pub fn quick() -> bool {
    env::var_os(QUICK).is_some()
}

/// Criterion, set accordingly, for operations of up to some microseconds.
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

/// The same for operations of milliseconds, with fewer samples.
#[must_use]
pub fn long() -> Criterion {
    if quick() {
        short().measurement_time(Duration::from_millis(500))
    } else {
        short().sample_size(30)
    }
}

/// How long the programs without Criterion measure one figure.
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

/// How many threads "from every core at once" means here.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
