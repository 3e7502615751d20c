//! Notes when jobs begin, without a read of the clock for each of them.
//!
//! A worker that runs short jobs back to back soon reads the clock for one job in 32
//! only, because a read costs a quarter of such a job. A worker that runs longer jobs, or
//! that slept, reads the clock for each job.
//!
//! A long job may follow short ones, and the next job must not seem as old as that one. So
//! the sharing also ends with a [sign](TimeSigns) that time has passed. The signs cost a job
//! two comparisons.

use std::{
    mem,
    time::{Duration, Instant},
};

use crate::platform::sync::now;

/// The most jobs that share one read of the clock.
const MOST: u32 = 32;

/// Jobs share the next read of the clock only if the last ones took no longer than this
/// together. If one of them takes longer all the same, a [sign](TimeSigns) ends the sharing.
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

/// Counts the signs that time may have passed since a worker read the clock. The state of a
/// pool holds the count, so a worker finds it without a further lock or atomic.
///
/// These are the signs:
///
/// - The monitor looks at the pool. It runs whenever jobs are queued and every permit is
///   taken.
/// - A worker is called or started for a job. That happens if jobs are queued and permits are
///   free.
/// - A worker has read the clock and found another tick.
///
/// While a job runs for long and another job is queued behind it, a sign comes within about the
/// time between two looks. If no job is queued, the worker spins or sleeps after the
/// long job, and then reads the clock anyway. Without a monitor, because the system has no
/// thread, the first sign may be missing.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TimeSigns(u32);

impl TimeSigns {
    #[inline]
    pub(crate) fn add(&mut self) {
        self.0 = self.0.wrapping_add(1);
    }
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
    /// The signs that this clock knows.
    heeded: TimeSigns,
    /// Whether the last read found another tick, and the other workers have no sign of it.
    has_news: bool,
}

impl JobClock {
    pub(crate) fn new(born: Instant) -> Self {
        Self {
            born,
            read_at: born,
            tick: BEGUN,
            shared: 0,
            left: 0,
            heeded: TimeSigns::default(),
            has_news: false,
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
        let tick = tick(self.born, now);
        self.has_news |= tick != self.tick;
        self.tick = tick;
        (self.shared, self.left) = (1, 1);
    }

    /// Makes the next job read the clock, because the worker was idle.
    pub(crate) fn idle(&mut self) {
        self.left = 0;
        self.shared = 0;
    }

    /// Makes the next job read the clock if there is a sign that time has passed. Tells the
    /// other workers if this clock shows another tick.
    #[inline]
    pub(crate) fn heed(&mut self, signs: &mut TimeSigns) {
        if self.heeded != *signs || self.has_news {
            self.exchange(signs);
        }
    }

    #[cold]
    fn exchange(&mut self, signs: &mut TimeSigns) {
        if self.heeded != *signs {
            self.left = 0;
        }
        if mem::take(&mut self.has_news) {
            signs.add();
        }
        self.heeded = *signs;
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

    /// Returns a clock whose next jobs share a tick that no read gives.
    fn shared() -> JobClock {
        JobClock {
            tick: Tick::MAX,
            left: 5,
            ..JobClock::new(Instant::now())
        }
    }

    /// Otherwise a job is as old as the long jobs that ran before it.
    #[test]
    fn a_sign_ends_the_jobs_that_share_a_read() {
        let mut signs = TimeSigns::default();
        let mut clock = shared();
        clock.heed(&mut signs);
        assert_eq!(clock.begin(), Tick::MAX);
        signs.add();
        clock.heed(&mut signs);
        assert_ne!(clock.begin(), Tick::MAX);
    }

    /// Otherwise a worker that sees no sign but other workers misses what they have read.
    #[test]
    fn another_tick_is_told_once() {
        let mut signs = TimeSigns::default();
        let (mut clock, mut other) = (JobClock::new(Instant::now()), shared());
        clock.note(Instant::now() + Duration::from_secs(1));
        clock.heed(&mut signs);
        other.heed(&mut signs);
        assert_ne!(other.begin(), Tick::MAX);
        clock.note(clock.read_at);
        clock.heed(&mut signs);
        (other.tick, other.left, other.has_news) = (Tick::MAX, 5, false);
        other.heed(&mut signs);
        assert_eq!(other.begin(), Tick::MAX);
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
