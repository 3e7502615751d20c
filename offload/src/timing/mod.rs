//! Measures how long jobs are queued and how long they run, if the pool was asked to.
//!
//! Each worker writes histograms of its own, without a lock and without an atomic
//! addition. It records a job before the job's caller can see the result. The metrics add
//! the histograms of all workers up.
//!
//! Reading the clock costs most. So the pool reads the counter of the processor, where there
//! is one, and not `Instant`.

mod histogram;

use std::{sync::Arc, time::Duration};

use self::histogram::Histogram;
use crate::{platform::sync::FineClock, thread::clock::BEGUN};

/// A summary of the times that jobs took: one of the two histograms of
/// [`Builder::timings`](crate::Builder::timings).
///
/// A percentile is off by at most 3.2 %, because the histogram has 16 buckets for each power
/// of two nanoseconds. The mean and the maximum are not rounded. Times in the queue are
/// measured in units of 32 ns.
///
/// A summary may be made while jobs end. Then the mean and the maximum may include jobs that
/// the count and the percentiles do not include yet. Each job that is counted is in all
/// figures.
///
/// # Corner cases
///
/// A time of more than 73 minutes counts as 73 minutes in the percentiles. A time in the
/// queue of more than two hours may count as 0, or as less than it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// The number of jobs that were measured.
    pub count: u64,
    /// The mean.
    pub mean: Duration,
    /// The median: half of the jobs took no longer.
    pub p50: Duration,
    /// The 90th percentile.
    pub p90: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The 99.9th percentile.
    pub p999: Duration,
    /// The longest time.
    pub max: Duration,
}

/// The unit of a [`Stamp`], as a power of two of nanoseconds.
const UNIT: u32 = 5;

/// The number of bits in the lower part of a [`Stamp`]. The bit [`BEGUN`] stays clear, which
/// tells a stamp from a [`Tick`](crate::thread::clock::Tick).
const LOWER: u32 = BEGUN.trailing_zeros();

/// The number of units after which stamps wrap around.
const RANGE: u64 = 1 << (8 + LOWER);

/// The time when a job was admitted, in units of 32 ns since the pool's clock was made.
///
/// It has 39 bits, because a job has no room for more. So it wraps around after nearly five
/// hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) upper: u8,
    pub(crate) lower: u32,
}

impl Stamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a stamp wraps around, and its parts are cut out of it"
    )]
    fn of(nanos: u64) -> Self {
        let units = nanos >> UNIT;
        Self {
            upper: (units >> LOWER) as u8,
            lower: units as u32 & !BEGUN,
        }
    }

    fn units(self) -> u64 {
        u64::from(self.upper) << LOWER | u64::from(self.lower)
    }

    /// Returns the nanoseconds from this stamp to a later one.
    ///
    /// The counters of two processors may differ a little, so the later stamp may be less
    /// than this one. Then the difference is more than half of the range, and the result
    /// is 0.
    fn until(self, later: Self) -> u64 {
        let units = later.units().wrapping_sub(self.units()) & (RANGE - 1);
        if units < RANGE / 2 { units << UNIT } else { 0 }
    }
}

/// The clock of a pool that measures its jobs.
#[derive(Clone)]
pub(crate) struct PoolClock {
    fine: FineClock,
    /// The reading of `fine` when this clock was made.
    born: u64,
}

impl PoolClock {
    pub(crate) fn new() -> Self {
        let fine = FineClock::new();
        Self {
            born: fine.read(),
            fine,
        }
    }

    /// Returns the stamp of the time now.
    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp_of(self.fine.read())
    }

    fn stamp_of(&self, reading: u64) -> Stamp {
        Stamp::of(self.fine.nanos(self.born, reading))
    }

    /// Returns the time since this stamp.
    pub(crate) fn since(&self, stamp: Stamp) -> Duration {
        Duration::from_nanos(stamp.until(self.stamp()))
    }
}

/// The histograms of one worker's stack. Only the worker on that stack writes them.
pub(crate) struct Recorder {
    clock: PoolClock,
    queued_for: Histogram,
    ran_for: Histogram,
}

impl Recorder {
    pub(crate) fn new(clock: PoolClock) -> Self {
        Self {
            clock,
            queued_for: Histogram::new(),
            ran_for: Histogram::new(),
        }
    }

    /// Returns what all these recorders have measured: how long jobs were queued, and how
    /// long they ran.
    pub(crate) fn sum(recorders: &[Arc<Self>]) -> (Timing, Timing) {
        let each = |which: fn(&Self) -> &Histogram| {
            Histogram::sum(recorders.iter().map(|recorder| which(recorder)))
        };
        (
            each(|recorder| &recorder.queued_for),
            each(|recorder| &recorder.ran_for),
        )
    }
}

/// A job that is measured and has begun.
pub(crate) struct JobTimer<'a> {
    recorder: &'a Recorder,
    admitted: Stamp,
    /// The reading of the fine clock when the job began.
    began: u64,
}

impl<'a> JobTimer<'a> {
    /// Begins to measure a job that was admitted at this time.
    #[inline]
    pub(crate) fn begin(recorder: &'a Recorder, admitted: Stamp) -> Self {
        Self {
            recorder,
            admitted,
            began: recorder.clock.fine.read(),
        }
    }

    /// Records the times of a job whose closure has ended. Call this before the job's
    /// caller can see the result, so that the caller finds the job in the metrics.
    pub(crate) fn end(self) {
        let Recorder {
            clock,
            queued_for,
            ran_for,
        } = self.recorder;
        let ended = clock.fine.read();
        queued_for.add(self.admitted.until(clock.stamp_of(self.began)));
        ran_for.add(clock.fine.nanos(self.began, ended));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_count_units_and_wrap_around() {
        let stamp = |units: u64| Stamp::of(units << UNIT);
        assert_eq!(Stamp::of(95), stamp(2));
        for (from, to, units) in [
            (0, 5, 5),
            (7, (1 << 31) + 7, 1 << 31),
            (7, (1 << 32) + 7, 1 << 32),
            (RANGE - 3, RANGE + 2, 5),
            (1, RANGE / 2, RANGE / 2 - 1),
        ] {
            assert_eq!(stamp(from).until(stamp(to)), units << UNIT, "{from}, {to}");
        }
    }

    /// Otherwise two processors whose counters differ a little would make a time of hours.
    #[test]
    fn no_time_passes_to_a_stamp_that_is_a_little_earlier() {
        let stamp = |units: u64| Stamp::of(units << UNIT);
        for (from, to) in [(1, 0), (70, 7), (RANGE + 1, RANGE - 1)] {
            assert_eq!(stamp(from).until(stamp(to)), 0, "{from}, {to}");
        }
    }

    #[test]
    fn a_stamp_is_told_from_the_time_when_a_job_began() {
        for shift in 0..64 {
            assert_eq!(Stamp::of(u64::MAX >> shift).lower & BEGUN, 0);
        }
    }
}
