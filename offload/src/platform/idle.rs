//! Tells whether this process leaves its processors idle.
//!
//! If all permits of a pool are taken and the process hardly uses its processors, the jobs
//! block. Then more workers run more jobs. If the jobs compute, more workers only take the
//! processors from each other.
//!
//! The system may count the time of a running thread only at its next tick. So a look that comes
//! soon after the last one also asks whether more threads want to run than there are processors.
//! If all jobs of a full pool compute, they do.
//!
//! The system may keep a whole process from its processors for a while, because it has used up
//! its quota. Then the thread that looks comes late, and its look says nothing. If it was a short
//! while, one look finds the process idle, but not two in a row.

use std::time::{Duration, Instant};

use crate::platform::load;

/// A look that comes later than after this time says nothing.
const LATE: Duration = Duration::from_millis(20);

/// The longest time between two ticks. In a shorter time, the processor time alone says little.
const TICK: Duration = Duration::from_millis(10);

/// Compares the processor time that the process uses with the time that passes.
#[derive(Debug)]
pub(crate) struct IdleWatch {
    /// The number of processors that the process may use.
    cores: usize,
    /// The time of the last look.
    at: Instant,
    /// The processor time that all threads had used by then, if the system tells it.
    used: Option<Duration>,
    /// Whether the last look found the process idle, if there was one.
    was_idle: Option<bool>,
}

impl IdleWatch {
    pub(crate) fn new(cores: usize, now: Instant) -> Self {
        Self {
            cores,
            at: now,
            used: used(),
            was_idle: None,
        }
    }

    /// Returns whether the next look may find the process idle: the last one did, or there was
    /// none.
    pub(crate) fn expects_idle(&self) -> bool {
        self.was_idle != Some(false)
    }

    /// Returns whether the process has used less than half of its processors' time since the
    /// last look, and between that look and the one before it.
    pub(crate) fn look(&mut self, now: Instant) -> bool {
        #[cfg(bridge_shuttle)]
        if crate::platform::sync::toss(2) {
            return true;
        }
        let passed = now.saturating_duration_since(self.at);
        let used_before = self.used;
        (self.at, self.used) = (now, used());
        let is_idle = (self.used.zip(used_before)).is_some_and(|(used, before)| {
            is_idle(used.saturating_sub(before), passed, self.cores, load::ask)
        });
        self.was_idle.replace(is_idle) == Some(true) && is_idle
    }
}

/// Returns whether so much processor time is less than half of what `cores` processors had in
/// the time that passed. If that time was short, `is_busy` must also tell that the machine is
/// not busy.
fn is_idle(
    used: Duration,
    passed: Duration,
    cores: usize,
    is_busy: impl FnOnce() -> Option<bool>,
) -> bool {
    let cores = u32::try_from(cores).unwrap_or(u32::MAX);
    let is_idle = passed < LATE && used < passed.saturating_mul(cores) / 2;
    is_idle && (passed >= TICK || is_busy() == Some(false))
}

/// Returns the processor time that all threads of the process have used.
#[cfg(all(
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    not(any(bridge_loom, bridge_shuttle))
))]
fn used() -> Option<Duration> {
    if super::INTERPRETED {
        return None;
    }
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid place for the answer.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or(0);
    (code == 0).then(|| Duration::new(seconds, nanoseconds))
}

/// Returns nothing: the standard library does not tell it, and in a model nothing may depend
/// on the machine.
#[cfg(not(all(
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    not(any(bridge_loom, bridge_shuttle))
)))]
fn used() -> Option<Duration> {
    None
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use super::*;

    /// Otherwise a pool whose jobs compute would grow, or one whose jobs block would not.
    #[test]
    fn idle_is_less_than_half_of_all_processors() {
        let millis = Duration::from_millis;
        for (used, passed, cores, expected) in [
            (0, 10, 1, true),
            (4, 10, 1, true),
            (5, 10, 1, false),
            (9, 10, 2, true),
            (10, 10, 2, false),
            (20, 10, 2, false),
            (31, 10, 8, true),
            (0, 19, 2, true),
            (0, 20, 2, false),
        ] {
            let busy = || unreachable!("the time is long enough");
            let idle = is_idle(millis(used), millis(passed), cores, busy);
            assert_eq!(idle, expected, "{used} ms of {passed} on {cores}");
        }
    }

    /// Otherwise a pool of jobs that compute grows before the system has counted their time, or
    /// one whose jobs block waits for that.
    #[test]
    fn in_a_short_time_the_load_counts_too() {
        let millis = Duration::from_millis;
        for (used, is_busy, expected) in [
            (0, Some(false), true),
            (0, Some(true), false),
            (0, None, false),
            (9, Some(false), false),
        ] {
            let idle = is_idle(millis(used), millis(9), 2, || is_busy);
            assert_eq!(idle, expected, "{used} ms, {is_busy:?}");
        }
    }

    /// Otherwise a process that computed once would never be idle again, or a short pause would
    /// make it idle.
    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn two_looks_in_a_row_must_find_it_idle() {
        let millis = Duration::from_millis;
        let used = || used().expect("the system tells it");
        while used() < millis(10) {
            std::hint::spin_loop();
        }
        // The tests beside this one compute too. So there are too many processors to be busy.
        let mut watch = IdleWatch::new(1_000_000, Instant::now());
        let mut look = |(busy, expects): (bool, bool)| {
            assert_eq!(watch.expects_idle(), expects);
            watch.cores = if busy { 1 } else { 1_000_000 };
            watch.used = Some(used().saturating_sub(millis(if busy { 9 } else { 0 })));
            let now = watch.at + millis(10);
            let idle = watch.look(now);
            assert_eq!(watch.at, now);
            assert_ne!(watch.used, Some(Duration::ZERO));
            idle
        };
        let found = [
            (false, true),
            (false, true),
            (true, true),
            (false, false),
            (false, true),
            (false, true),
        ]
        .map(&mut look);
        assert_eq!(found, [false, true, false, false, true, true]);
    }
}
