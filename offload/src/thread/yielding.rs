//! Decides when a spinning worker offers its processor to other threads.
//!
//! A worker spins just after it has woken the caller of its last job. The system often puts
//! that caller on the worker's own processor, even if another processor is idle. Then the
//! caller can neither run nor submit its next job before the spin ends. So a worker that has
//! spun for a moment yields.
//!
//! A yield may also give the processor to a thread that keeps it for milliseconds. Jobs that
//! are submitted meanwhile wait, because no other worker is called while one spins. So after
//! a long yield a worker does not yield for a hundred times as long.

use std::time::{Duration, Instant};

/// A worker keeps its processor for so long. In close succession, the next job comes sooner.
const ALONE: Duration = Duration::from_micros(4);

/// A caller that submits its next job runs for a shorter time than this.
const LONG: Duration = Duration::from_micros(200);

/// A worker does not yield for this many times as long as a long yield took. So it loses a
/// hundredth of its time at most.
const REST: u32 = 100;

/// A record of whether the last yield of a worker took long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Yielding {
    /// The end of the rest after a long yield.
    rests_until: Option<Instant>,
}

impl Yielding {
    /// Returns the first state, in which a worker yields.
    pub(crate) const fn new() -> Self {
        Self { rests_until: None }
    }

    /// Returns whether a worker that has spun for `time` yields at `now`.
    pub(crate) fn is_due(self, time: Duration, now: Instant) -> bool {
        time >= ALONE && self.rests_until.is_none_or(|end| now >= end)
    }

    /// Returns the state after a yield that ended at `now` and took this long.
    pub(crate) fn after(took: Duration, now: Instant) -> Self {
        let is_long = took >= LONG;
        Self {
            rests_until: is_long.then(|| now + took.saturating_mul(REST)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_yields_once_it_has_spun_for_a_moment() {
        let now = Instant::now();
        for (time, is_due) in [
            (Duration::ZERO, false),
            (ALONE / 2, false),
            (ALONE, true),
            (Duration::MAX, true),
        ] {
            assert_eq!(Yielding::new().is_due(time, now), is_due, "{time:?}");
        }
    }

    /// Otherwise jobs wait for the time slices of other threads, again and again.
    #[test]
    fn a_long_yield_is_followed_by_a_rest_a_hundred_times_as_long() {
        let now = Instant::now();
        let short = Yielding::after(LONG / 2, now);
        assert!(short.is_due(ALONE, now));
        for took in [LONG, LONG * 20] {
            let rests = Yielding::after(took, now);
            assert!(!rests.is_due(ALONE, now));
            assert!(!rests.is_due(ALONE, now + took * 99));
            assert!(rests.is_due(ALONE, now + took * 100));
        }
    }
}
