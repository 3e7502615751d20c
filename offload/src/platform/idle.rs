//! Tells whether this process leaves its processors idle.
//!
//! A pool asks this where the system does not tell which threads sleep. If all permits are taken
//! and the process hardly uses its processors, the jobs block. The system may count the time of a
//! running thread only at its next tick, so a pool asks about ten milliseconds or more.
//!
//! The system may keep a whole process from its processors for a while, because it has used up
//! its quota. Then the thread that asks usually comes late, and the process counts as busy.

use std::time::{Duration, Instant};

/// After a longer time than this, the answer comes late.
const LATE: Duration = Duration::from_millis(20);

/// Compares the processor time that the process uses with the time that passes.
#[derive(Debug)]
pub(crate) struct IdleWatch {
    /// The number of processors that the process may use.
    cores: usize,
    /// The time of the last glance.
    at: Instant,
    /// The processor time that all threads had used by then, if the system tells it.
    used: Option<Duration>,
    /// The question to the system.
    ask: fn() -> Option<Duration>,
}

impl IdleWatch {
    pub(crate) fn new(cores: usize, now: Instant) -> Self {
        Self {
            cores,
            at: now,
            used: used(),
            ask: used,
        }
    }

    /// Forgets what was before.
    pub(crate) fn start_over(&mut self, now: Instant) {
        (self.at, self.used) = (now, (self.ask)());
    }

    /// Returns whether the process has used less than half of its processors' time since the
    /// last glance.
    pub(crate) fn glance(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at);
        let (used, before) = ((self.ask)(), self.used);
        (self.at, self.used) = (now, used);
        used.zip(before)
            .is_some_and(|(used, before)| is_idle(used.saturating_sub(before), passed, self.cores))
    }

    /// Lets the system tell that the process is idle, or does not tell anything.
    #[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
    pub(crate) fn pretend(&mut self, is_idle: bool) {
        self.ask = if is_idle {
            || Some(Duration::ZERO)
        } else {
            || None
        };
        self.used = Some(Duration::ZERO);
    }
}

/// Returns whether so much processor time is less than half of what `cores` processors had in
/// the time that passed.
fn is_idle(used: Duration, passed: Duration, cores: usize) -> bool {
    let cores = u32::try_from(cores).unwrap_or(u32::MAX);
    passed < LATE && used < passed.saturating_mul(cores) / 2
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

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Otherwise a pool whose jobs compute would grow, or one whose jobs block would not.
    #[test]
    fn idle_is_less_than_half_of_all_processors() {
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
            let idle = is_idle(millis(used), millis(passed), cores);
            assert_eq!(idle, expected, "{used} ms of {passed} on {cores}");
        }
    }

    /// Otherwise a process that computed once would never be idle again.
    #[test]
    fn a_glance_compares_with_the_one_before() {
        let start = Instant::now();
        let mut watch = IdleWatch::new(2, start);
        watch.ask = || Some(Duration::from_secs(1));
        for (used, expected) in [(10, false), (9, true), (0, true)] {
            watch.used = Some(Duration::from_secs(1).saturating_sub(millis(used)));
            let now = watch.at + millis(10);
            assert_eq!(watch.glance(now), expected, "{used} ms");
            assert_eq!((watch.at, watch.used), (now, Some(Duration::from_secs(1))));
        }
        watch.used = Some(Duration::ZERO);
        watch.start_over(watch.at + millis(5));
        assert!(watch.glance(watch.at + millis(10)), "a new start");
    }

    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn the_system_tells_the_time_that_was_used() {
        let used = || used().expect("the system tells it");
        let start = used();
        while used() < start + millis(10) {
            std::hint::spin_loop();
        }
    }
}
