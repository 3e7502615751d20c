//! Decides when a spinning worker offers its processor to other threads.
//!
//! A worker spins just after it has woken the caller of its last job. The system often puts
//! that caller on the worker's own processor, even if another processor is idle. Then the
//! caller can neither run nor submit its next job before the spin ends. So a worker that has
//! spun for a moment yields, and again each time it has spun for twice as long.
//!
//! A yield may also give the processor to a thread that keeps it for milliseconds. Jobs that
//! are submitted meanwhile wait, because no other worker is called while one spins. So after
//! a long yield no worker of the pool yields for a hundred times as long, or for a second.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::platform::sync::AtomicU64;

/// A worker keeps its processor for so long. In close succession, the next job comes sooner.
pub(crate) const ALONE: Duration = Duration::from_micros(4);

/// A caller that submits its next job runs for a shorter time than this. With 50 µs, offloads in
/// close succession take longer: see P8.
const LONG: Duration = Duration::from_micros(200);

/// No worker yields for this many times as long as a long yield took. So the pool loses a
/// hundredth of its time at most.
const PAUSE: u32 = 100;

/// The longest pause. A yield takes minutes if the process is stopped meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The pause of a pool's workers after a long yield, in which none of them yields.
pub(crate) struct Yielding {
    born: Instant,
    /// The end of the pause, in microseconds since `born`. Only the worker that spins changes it.
    paused_until: AtomicU64,
}

impl Yielding {
    /// Returns the first state, in which workers yield.
    pub(crate) fn new(born: Instant) -> Self {
        Self {
            born,
            paused_until: AtomicU64::new(0),
        }
    }

    /// Returns whether a worker may yield at `now`, because no pause lasts.
    pub(crate) fn is_allowed(&self, now: Instant) -> bool {
        self.micros(now) >= self.paused_until.load(Ordering::Relaxed)
    }

    /// Notes that a yield has ended at `now`, and took this long.
    pub(crate) fn note(&self, took: Duration, now: Instant) {
        if took >= LONG {
            let pause = took.saturating_mul(PAUSE).min(LONGEST_PAUSE);
            let end = self.micros(now + pause);
            self.paused_until.store(end, Ordering::Relaxed);
        }
    }

    fn micros(&self, time: Instant) -> u64 {
        let time = time.saturating_duration_since(self.born).as_micros();
        u64::try_from(time).unwrap_or(u64::MAX)
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use super::*;

    /// Otherwise jobs wait for the time slices of other threads, again and again.
    #[test]
    fn a_long_yield_is_followed_by_a_pause_a_hundred_times_as_long() {
        let now = Instant::now();
        for (took, pause) in [
            (Duration::ZERO, Duration::ZERO),
            (LONG / 2, Duration::ZERO),
            (LONG, LONG * 100),
            (LONG * 20, LONG * 2000),
            (LONG * 1_000_000, LONGEST_PAUSE),
        ] {
            let yielding = Yielding::new(now);
            assert!(yielding.is_allowed(now));
            yielding.note(took, now);
            let just_before = now + pause * 99 / 100;
            assert_eq!(
                yielding.is_allowed(just_before),
                pause.is_zero(),
                "{took:?}"
            );
            assert!(yielding.is_allowed(now + pause));
        }
    }
}
