//! The spin of a worker that has ended a job and finds no other.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::{
    core::Core,
    platform::sync::{MODEL, elapsed, spin_loop},
    thread::yielding::ALONE,
};

/// The number of checks for work between two reads of the clock.
const CHECKS: usize = if MODEL { 1 } else { 64 };

/// The duration of a spin that has caught work.
pub(super) struct Caught {
    /// The time since the spin began, roughly.
    pub(super) after: Duration,
    /// The part of it that the worker did not yield to other threads.
    pub(super) spun: Duration,
}

/// Spins for about `limit` from `start` on, until work is ready or the pool keeps no idle
/// worker any more. Returns `None` if there was no work.
///
/// `yield_now` lets another thread have the processor, if one wants it.
pub(super) fn spin(
    core: &Core,
    limit: Duration,
    start: Instant,
    mut yield_now: impl FnMut(),
) -> Option<Caught> {
    let (mut after, mut yielded) = (Duration::ZERO, Duration::ZERO);
    let mut next_yield = ALONE;
    loop {
        for _ in 0..CHECKS {
            if core.sees_work() {
                let spun = after.saturating_sub(yielded);
                return Some(Caught { after, spun });
            }
            spin_loop();
        }
        after = elapsed(start);
        if after >= limit || core.keeps_no_idle.load(Ordering::Relaxed) {
            return None;
        }
        if after >= next_yield && core.yielding.is_allowed(start + after) {
            yield_now();
            let back = elapsed(start);
            let took = back.saturating_sub(after);
            core.yielding.note(took, start + back);
            (after, yielded) = (back, yielded + took);
            next_yield = after.saturating_mul(2);
        }
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::{sync::Arc, thread};

    use testkit::within;

    use super::*;
    use crate::{Bare, Pool, platform::sync::now, worker::this_worker::Worker};

    fn core_of(pool: &Pool<Bare>) -> Arc<Core> {
        pollster::block_on(pool.run(|| Worker::current().unwrap().core))
    }

    /// Otherwise a shutdown waits for the end of a spin, and the worker of a dropped pool spins
    /// on. A worker of a busy machine does not spin, so this calls the function itself.
    #[test]
    fn a_spin_ends_with_its_pool() {
        within(|| {
            let pool = Pool::new();
            let core = core_of(&pool);
            let spins = thread::spawn(move || spin(&core, Duration::MAX, now(), || ()).is_none());
            drop(pool);
            assert!(spins.join().unwrap());
        });
    }

    /// Otherwise a caller on the worker's processor can't submit a job before the spin ends, or
    /// each spin loses a time slice to a busy thread. Here the other thread ends the pool.
    #[test]
    fn a_spin_lets_other_threads_run_and_notes_that_they_took_long() {
        within(|| {
            let mut pool = Some(Pool::new());
            let core = core_of(pool.as_ref().unwrap());
            // Until then, the spin has taken no time.
            let start = now() + Duration::from_millis(5);
            let caught = spin(&core, Duration::MAX, start, || {
                assert!(elapsed(start) >= ALONE);
                drop(pool.take());
                thread::sleep(Duration::from_millis(1));
            });
            assert!(caught.is_none() && pool.is_none());
            assert!(!core.yielding.is_allowed(start));
        });
    }

    /// Otherwise the worker that has just caught a job comes behind all other threads, because
    /// the system counts each yield against it.
    #[test]
    fn a_spin_yields_ever_more_rarely() {
        within(|| {
            loop {
                let pool = Pool::new();
                let core = core_of(&pool);
                let (start, mut at) = (now(), Vec::new());
                let limit = Duration::from_millis(20);
                let caught = spin(&core, limit, start, || at.push(elapsed(start)));
                assert!(caught.is_none());
                for pair in at.windows(2) {
                    assert!(pair[1] >= 2 * pair[0], "{at:?}");
                }
                // On a busy machine a yield may be long, and then few follow.
                if at.len() >= 3 {
                    return;
                }
            }
        });
    }
}
