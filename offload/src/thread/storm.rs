//! Tells whether a worker is in a storm of instant jobs.
//!
//! In a storm the worker is often faster than the submitters. If it slept whenever it had
//! caught up, every few jobs would wake it again. Each wake-up costs as much as a dozen
//! jobs, and on a crowded machine it takes the processor from the very submitter. So in a
//! storm a worker first yields its processor a few times. If nobody else wants it, that
//! takes no time. Otherwise the submitters run meanwhile, and leave many jobs at once.

use std::time::{Duration, Instant};

use crate::platform::sync::elapsed;

/// A storm has at least this many jobs.
const LEAST: u32 = if cfg!(bridge_shuttle) { 1 } else { 16 };

/// In a storm a job takes less than this, together with the pauses between jobs.
const INSTANT: Duration = Duration::from_micros(4);

/// After this many jobs the count starts again, because older jobs say little.
const MOST: u32 = 4096;

/// The jobs that a worker has run since it last slept, or since it was last in no storm.
pub(crate) struct Storm {
    jobs: u32,
    since: Instant,
}

impl Storm {
    /// Begins to count, because the worker is awake since `now`.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            jobs: 0,
            since: now,
        }
    }

    /// Counts a job.
    #[inline]
    pub(crate) fn note_job(&mut self) {
        self.jobs = self.jobs.saturating_add(1);
    }

    /// Returns whether there were enough jobs for a storm, however long they took. This is
    /// cheap, because it reads no clock.
    #[inline]
    pub(crate) fn may_rage(&self) -> bool {
        self.jobs >= LEAST
    }

    /// Returns whether the worker is in a storm. A model of loom has too few jobs for one.
    pub(crate) fn rages(&mut self, now: Instant) -> bool {
        if !self.may_rage() {
            return false;
        }
        let rages = elapsed(self.since) < INSTANT * self.jobs;
        if !rages || self.jobs >= MOST {
            *self = Self::new(now);
        }
        rages
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use super::*;

    /// Returns a count of this many jobs, which took this long together.
    fn storm(jobs: u32, took: Duration) -> Storm {
        let mut storm = Storm::new(Instant::now().checked_sub(took).unwrap());
        for _ in 0..jobs {
            storm.note_job();
        }
        storm
    }

    #[test]
    fn many_instant_jobs_are_a_storm() {
        let hour = Duration::from_hours(1);
        for (jobs, took, rages) in [
            (0, Duration::ZERO, false),
            (LEAST - 1, Duration::ZERO, false),
            // The limit of a million jobs is 4 s, so the test may lose its processor.
            (1_000_000, Duration::from_millis(1), true),
            (LEAST, hour, false),
            (1_000_000, hour, false),
        ] {
            let mut storm = storm(jobs, took);
            assert_eq!(
                storm.rages(Instant::now()),
                rages,
                "{jobs} jobs in {took:?}"
            );
        }
    }

    #[test]
    fn jobs_that_were_no_storm_are_forgotten() {
        let mut storm = storm(1000, Duration::from_hours(1));
        assert!(storm.may_rage());
        assert!(!storm.rages(Instant::now()));
        assert!(!storm.may_rage());
    }
}
