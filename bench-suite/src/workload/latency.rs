//! Distributions of the time of single operations.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::way::Way;
use crate::workload::offload;

/// The longest time that a histogram tells apart. Nothing here takes longer.
const LONGEST: Duration = Duration::from_mins(1);

/// Returns an empty distribution of times in nanoseconds.
///
/// Its three digits are more than any measurement repeats.
///
/// # Panics
///
/// Never panics: the bounds are constant.
#[must_use]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(in_ns(LONGEST), 3).expect("constant bounds")
}

/// Adds one time to a distribution.
pub fn note(times: &mut Histogram<u64>, time: Duration) {
    times.saturating_record(in_ns(time).max(1));
}

fn in_ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the percentiles that a distribution has enough samples for.
///
/// At least ten samples lie beyond each percentile, except the greatest sample itself.
#[must_use]
pub fn percentiles(times: &Histogram<u64>) -> Vec<(f64, u64)> {
    // Each percentile, and how many of 10 000 samples lie beyond it.
    let supported = [
        (50.0, 5000),
        (90.0, 1000),
        (99.0, 100),
        (99.9, 10),
        (99.99, 1),
    ]
    .into_iter()
    .filter(|(_, beyond)| times.len() * beyond >= 10 * 10_000)
    .map(|(percentile, _)| (percentile, times.value_at_percentile(percentile)));
    supported.chain([(100.0, times.max())]).collect()
}

/// Times single offloads, one after the other, for `length`.
pub async fn offloads<W: Way>(way: W, length: Duration) -> Histogram<u64> {
    let mut times = histogram();
    let begin = Instant::now();
    while begin.elapsed() < length {
        for number in 0..16 {
            let start = Instant::now();
            std::hint::black_box(offload::one(&way, number).await);
            note(&mut times, start.elapsed());
        }
    }
    times
}

/// Times single blocking calls, one after the other, for `length`.
pub fn calls<T>(length: Duration, operation: impl Fn() -> T) -> Histogram<u64> {
    let mut times = histogram();
    let begin = Instant::now();
    while begin.elapsed() < length {
        for _ in 0..16 {
            let start = Instant::now();
            std::hint::black_box(operation());
            note(&mut times, start.elapsed());
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{run, way::Ours};

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let mut times = histogram();
        for ns in 1..=1000 {
            note(&mut times, Duration::from_nanos(ns));
        }
        assert_eq!(
            percentiles(&times),
            [(50.0, 500), (90.0, 900), (99.0, 990), (100.0, 1000)]
        );
    }

    #[test]
    fn what_is_timed_is_each_single_operation() {
        testkit::within(|| {
            let pause = Duration::from_millis(2);
            let times = calls(pause, || std::thread::sleep(pause));
            assert_eq!(times.len(), 16);
            assert!(times.min() >= in_ns(pause) - in_ns(pause) / 500);
            let offloads = offloads(Ours::global(), pause);
            assert!(run::multi_thread().block_on(offloads).len() >= 16);
        });
    }
}
