//! Jobs of a given length, and what an offload adds to their time.

use std::{
    hint::spin_loop,
    time::{Duration, Instant},
};

use super::way::Way;

/// Computes for `length`, and returns how long it really took.
#[must_use]
pub fn busy(length: Duration) -> Duration {
    let start = Instant::now();
    loop {
        let time = start.elapsed();
        if time >= length {
            return time;
        }
        spin_loop();
    }
}

/// Returns the time of `count` jobs in a row, less the time that the jobs took
/// themselves.
pub async fn overhead<W: Way>(way: W, length: Duration, count: u64) -> Duration {
    let start = Instant::now();
    let mut inside = Duration::ZERO;
    for _ in 0..count {
        inside += way.run(move || busy(length)).await;
    }
    start.elapsed().saturating_sub(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{run, way::Ours};

    #[test]
    fn a_job_is_as_long_as_it_should_be() {
        let length = Duration::from_millis(3);
        assert!(busy(length) >= length);
    }

    #[test]
    fn the_overhead_is_without_the_jobs() {
        let length = Duration::from_millis(20);
        let start = Instant::now();
        let overhead = testkit::within(|| {
            let jobs = overhead(Ours::global(), length, 5);
            run::multi_thread().block_on(jobs)
        });
        assert!(overhead > Duration::ZERO);
        assert!(
            start.elapsed() >= overhead + 5 * length,
            "the jobs ran, and are not in {overhead:?}"
        );
    }
}
