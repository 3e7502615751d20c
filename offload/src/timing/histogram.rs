//! A histogram with 16 buckets for each power of two.
//!
//! Each value below 32 has a bucket of its own. A bucket of greater values is at most a
//! sixteenth as wide as its least value, and stands for the value in its middle. So a
//! percentile is off by at most a thirty-second, which is 3.2 %.
//!
//! A model checker has four buckets, because it takes each of them as a step.

#[cfg(all(test, bridge_loom))]
mod loom_tests;

use std::{sync::atomic::Ordering, time::Duration};

use super::Timing;
use crate::platform::sync::{AtomicU64, MODEL};

/// The number of buckets for a power of two, as a power of two.
const PRECISION: u32 = if MODEL { 1 } else { 4 };

/// A value with more bits counts as the greatest value with this number of bits.
const BITS: u32 = if MODEL { 2 } else { 42 };

/// The number of buckets.
const BUCKETS: usize = ((BITS - PRECISION + 1) as usize) << PRECISION;

/// A histogram of times in nanoseconds, which one thread at a time writes.
pub(super) struct Histogram {
    /// The number of values in each bucket.
    buckets: Box<[AtomicU64]>,
    /// The sum of all values.
    total: AtomicU64,
    max: AtomicU64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(),
            total: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }

    /// Adds a value.
    ///
    /// The bucket comes last, with a release. So a reader that counts the value finds it in
    /// the total and in the maximum too.
    pub(super) fn add(&self, nanos: u64) {
        add(&self.total, nanos, Ordering::Relaxed);
        if nanos > self.max.load(Ordering::Relaxed) {
            self.max.store(nanos, Ordering::Relaxed);
        }
        add(&self.buckets[bucket_of(nanos)], 1, Ordering::Release);
    }

    /// Adds histograms up, and returns the summary. The total may include values that a worker
    /// has not counted yet, so the mean is bounded.
    pub(super) fn sum<'a>(histograms: impl Iterator<Item = &'a Self>) -> Timing {
        let (mut buckets, mut total, mut max) = (vec![0; BUCKETS], 0_u128, 0);
        for histogram in histograms {
            for (sum, bucket) in buckets.iter_mut().zip(&histogram.buckets) {
                *sum += bucket.load(Ordering::Acquire);
            }
            total += u128::from(histogram.total.load(Ordering::Relaxed));
            max = max.max(histogram.max.load(Ordering::Relaxed));
        }
        let count: u64 = buckets.iter().sum();
        let mean = total.checked_div(count.into()).unwrap_or_default();
        let at = |permille| Duration::from_nanos(percentile(&buckets, count, permille).min(max));
        Timing {
            count,
            mean: Duration::from_nanos(mean.try_into().map_or(max, |mean: u64| mean.min(max))),
            p50: at(500),
            p90: at(900),
            p99: at(990),
            p999: at(999),
            max: Duration::from_nanos(max),
        }
    }
}

/// Adds to a counter that only this thread writes, so it needs no atomic addition.
fn add(counter: &AtomicU64, value: u64, order: Ordering) {
    let sum = counter.load(Ordering::Relaxed).wrapping_add(value);
    counter.store(sum, order);
}

/// Returns the bucket of a value.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a value has at most 42 bits, and its bucket is below 624"
)]
fn bucket_of(nanos: u64) -> usize {
    let nanos = nanos.min((1 << BITS) - 1);
    let bits = u64::BITS - (nanos | (1 << PRECISION)).leading_zeros();
    let shift = bits - 1 - PRECISION;
    (u64::from(shift) << PRECISION) as usize + (nanos >> shift) as usize
}

/// Returns the value in the middle of a bucket.
fn middle_of(bucket: usize) -> u64 {
    let shift = (bucket >> PRECISION).saturating_sub(1);
    let width = 1_u64 << shift;
    let from = (bucket - (shift << PRECISION)) as u64 * width;
    from + width / 2
}

/// Returns the value that `permille` thousandths of the `count` values do not exceed.
fn percentile(buckets: &[u64], count: u64, permille: u64) -> u64 {
    let rank = (u128::from(count) * u128::from(permille)).div_ceil(1000);
    let mut up_to_here = 0;
    let bucket = buckets.iter().position(|&in_bucket| {
        up_to_here += u128::from(in_bucket);
        up_to_here >= rank.max(1)
    });
    bucket.map_or(0, middle_of)
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the exact value that this many thousandths of the values do not exceed.
    fn exact(sorted: &[u64], permille: usize) -> u64 {
        sorted[(sorted.len() * permille).div_ceil(1000).max(1) - 1]
    }

    fn is_close(found: Duration, exact: u64) -> bool {
        found.as_nanos().abs_diff(exact.into()) <= u128::from(exact / 32)
    }

    proptest! {
        /// Values of every size are drawn: a random number of bits, then the bits.
        #[test]
        fn percentiles_are_within_the_bound(
            values in prop::collection::vec((0..42_u32, any::<u64>()), 1..300),
            workers in 1..4_usize,
        ) {
            let mut values: Vec<u64> = values
                .into_iter()
                .map(|(bits, value)| value & ((1 << bits) - 1))
                .collect();
            let histograms: Vec<_> = (0..workers).map(|_| Histogram::new()).collect();
            for (at, value) in values.iter().enumerate() {
                histograms[at % workers].add(*value);
            }
            let found = Histogram::sum(histograms.iter());
            values.sort_unstable();
            prop_assert_eq!(found.count, values.len() as u64);
            let mean = values.iter().sum::<u64>() / found.count;
            prop_assert_eq!(found.mean, Duration::from_nanos(mean));
            prop_assert_eq!(found.max, Duration::from_nanos(exact(&values, 1000)));
            for (found, permille) in
                [(found.p50, 500), (found.p90, 900), (found.p99, 990), (found.p999, 999)]
            {
                let exact = exact(&values, permille);
                prop_assert!(is_close(found, exact), "{permille}: {found:?}, not {exact}");
            }
            // Otherwise the metrics of a few equal jobs contradict themselves.
            prop_assert!(found.p50 <= found.p999 && found.p999 <= found.max, "{found:?}");
        }
    }

    #[test]
    fn buckets_are_in_order_and_leave_no_gap() {
        let mut last = 0;
        for value in 0..100_000 {
            let bucket = bucket_of(value);
            assert!(bucket == last || bucket == last + 1, "{value}");
            last = bucket;
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        assert_eq!(bucket_of(31), 31);
    }

    #[test]
    fn nothing_measured_is_zero() {
        assert_eq!(Histogram::sum([].into_iter()), Timing::default());
        assert_eq!(
            Histogram::sum([&Histogram::new()].into_iter()),
            Timing::default()
        );
    }
}
