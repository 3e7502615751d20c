//! Notes when jobs begin, without a read of the clock for each of them.
//!
//! A worker that runs short jobs back to back soon reads the clock for one job in 32
//! only, because a read costs a quarter of such a job. A worker that runs longer jobs, or
//! that slept, reads the clock for each job.

use std::time::{Duration, Instant};

use crate::platform::sync::now;

/// The most jobs that share one read of the clock.
const MOST: u32 = 32;

/// Jobs share a read of the clock only while they take no longer than this together.
const SHARED: Duration = Duration::from_millis(5);

/// The unit of a [`Tick`], in milliseconds.
const UNIT: u32 = 10;

/// A time since the pool was built, in units of 10 milliseconds, and the bit [`BEGUN`]. It
/// wraps around after 248 days.
pub(crate) type Tick = u32;

/// The bit that each [`Tick`] has. So a job that has noted one has begun.
pub(crate) const BEGUN: Tick = 1 << 31;

/// Returns the tick of `now` for a pool that was built at `born`.
pub(crate) fn tick(born: Instant, now: Instant) -> Tick {
    let time = now.saturating_duration_since(born);
    let units = time.as_secs() * u64::from(1000 / UNIT) + u64::from(time.subsec_millis() / UNIT);
    #[expect(clippy::cast_possible_truncation, reason = "a tick wraps around")]
    let tick = units as Tick;
    tick | BEGUN
}

/// A job that begins while a report is made may have begun later than the report's `now`, by
/// less than an hour.
const AHEAD: Tick = 60 * 60 * 1000 / UNIT;

/// Returns the time from one tick to a later one, or 0 if `begun` is up to an hour later.
pub(crate) fn between(begun: Tick, now: Tick) -> Duration {
    let units = now.wrapping_sub(begun) & !BEGUN;
    let units = if units < BEGUN - AHEAD { units } else { 0 };
    Duration::from_millis(u64::from(units) * u64::from(UNIT))
}

/// A worker's clock for the jobs that it begins.
pub(crate) struct JobClock {
    born: Instant,
    read_at: Instant,
    tick: Tick,
    /// The number of jobs that share the last read of the clock.
    shared: u32,
    /// The number of these jobs that have not begun.
    left: u32,
}

impl JobClock {
    pub(crate) fn new(born: Instant) -> Self {
        Self {
            born,
            read_at: born,
            tick: BEGUN,
            shared: 0,
            left: 0,
        }
    }

    /// Returns the tick of a job that begins now.
    #[inline]
    pub(crate) fn begin(&mut self) -> Tick {
        if self.left == 0 {
            self.read();
        }
        self.left -= 1;
        self.tick
    }

    /// Lets the next job begin at `now`, which the worker has just read.
    #[inline]
    pub(crate) fn note(&mut self, now: Instant) {
        self.read_at = now;
        self.tick = tick(self.born, now);
        (self.shared, self.left) = (1, 1);
    }

    /// Makes the next job read the clock, because the worker was idle.
    pub(crate) fn idle(&mut self) {
        self.left = 0;
        self.shared = 0;
    }

    #[inline(never)]
    fn read(&mut self) {
        let now = now();
        let took = now.saturating_duration_since(self.read_at);
        let shared = share(self.shared, took);
        self.note(now);
        (self.shared, self.left) = (shared, shared);
    }
}

/// Returns the number of jobs that may share the next read of the clock, if the last
/// `jobs` took this long together.
///
/// The number grows step by step, because long jobs may follow short ones.
fn share(jobs: u32, took: Duration) -> u32 {
    if took > SHARED {
        1
    } else if took > SHARED / 2 {
        jobs.max(1)
    } else {
        (2 * jobs).clamp(1, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_jobs_share_a_read_and_long_ones_do_not() {
        for (jobs, took, shared) in [
            (0, Duration::ZERO, 1),
            (0, Duration::from_secs(1), 1),
            (1, Duration::from_nanos(200), 2),
            (8, Duration::from_nanos(1600), 16),
            (16, Duration::from_micros(50), 32),
            (32, Duration::from_micros(50), 32),
            (8, Duration::from_millis(4), 8),
            (32, Duration::from_millis(6), 1),
            (1, Duration::from_millis(50), 1),
        ] {
            assert_eq!(share(jobs, took), shared, "{jobs} jobs in {took:?}");
        }
    }

    #[test]
    fn ticks_wrap_around() {
        let born = Instant::now();
        assert_eq!(tick(born, born + Duration::from_millis(119)), BEGUN + 11);
        assert_eq!(between(BEGUN + 11, BEGUN + 13), Duration::from_millis(20));
        assert_eq!(between(Tick::MAX, BEGUN + 1), Duration::from_millis(20));
    }

    /// Otherwise a job that begins while a report is made has run for 248 days.
    #[test]
    fn a_job_that_begins_after_the_clock_was_read_has_no_age() {
        for (begun, now) in [
            (BEGUN + 12, BEGUN + 11),
            (BEGUN, Tick::MAX),
            (BEGUN + AHEAD, BEGUN),
        ] {
            assert_eq!(between(begun, now), Duration::ZERO, "{begun} to {now}");
        }
        let longest = Duration::from_hours(248 * 24);
        assert!(between(BEGUN + AHEAD + 1, BEGUN) > longest);
    }
}
