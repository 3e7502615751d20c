//! Tells whether this process leaves its processors idle.
//!
//! If all permits of a pool are taken and the process hardly uses its processors, the jobs
//! block. Then more workers run more jobs. If the jobs compute, more workers only take the
//! processors from each other.
//!
//! The system may count the time of a running thread only at its next tick. So a glance that
//! comes soon after the last one also asks how many threads want to run. If they are more than
//! half of the processors, or the system does not tell, that glance says nothing, and the next
//! one comes after a tick.
//!
//! The system may keep a whole process from its processors for a while, because it has used up
//! its quota. Then the thread that glances usually comes late, and its glance finds the process
//! busy. If it was a short while, one glance finds the process idle, but not two in a row.

use std::time::{Duration, Instant};

use crate::platform::load;

/// The time between two glances at an idle process.
const SHORT: Duration = Duration::from_millis(2);

/// The longest time between two ticks. In a shorter time, the processor time alone says little.
const TICK: Duration = Duration::from_millis(10);

/// After a longer time than this, a glance counts as late.
const LATE: Duration = Duration::from_millis(20);

/// Compares the processor time that the process uses with the time that passes.
#[derive(Debug)]
pub(crate) struct IdleWatch {
    /// The number of processors that the process may use.
    cores: usize,
    /// The time of the last glance that said something.
    at: Instant,
    /// The processor time that all threads had used by then, if the system tells it.
    used: Option<Duration>,
    /// Whether that glance found the process idle, if there was one.
    was_idle: Option<bool>,
    /// Whether the last glance came too soon to say something.
    was_early: bool,
    system: System,
}

/// The questions to the system.
#[derive(Clone, Copy, Debug)]
struct System {
    used: fn() -> Option<Duration>,
    runnable: fn() -> Option<usize>,
}

impl IdleWatch {
    pub(crate) fn new(cores: usize, now: Instant) -> Self {
        let system = System {
            used,
            runnable: load::runnable,
        };
        Self::of(system, cores, now)
    }

    fn of(system: System, cores: usize, now: Instant) -> Self {
        Self {
            cores,
            at: now,
            used: (system.used)(),
            was_idle: None,
            was_early: false,
            system,
        }
    }

    /// Returns the time until the next glance, which is `left` at most.
    ///
    /// It is short while the process may be idle. Otherwise it is all that is left.
    pub(crate) fn time_to_next(&self, left: Duration) -> Duration {
        let may_be_idle = self.was_idle != Some(false) && !self.was_early;
        if may_be_idle && left >= 2 * SHORT {
            SHORT
        } else {
            left
        }
    }

    /// Returns whether the process has used less than half of its processors' time since the
    /// last glance, and between that glance and the one before it.
    pub(crate) fn glance(&mut self, now: Instant) -> bool {
        #[cfg(bridge_shuttle)]
        if crate::platform::sync::toss(2) {
            return true;
        }
        let passed = now.saturating_duration_since(self.at);
        let used = (self.system.used)();
        let is_idle = (used.zip(self.used))
            .is_some_and(|(used, before)| is_idle(used.saturating_sub(before), passed, self.cores));
        self.was_early = is_idle && (passed < SHORT / 2 || (passed < TICK && !self.is_quiet()));
        if self.was_early {
            return false;
        }
        (self.at, self.used) = (now, used);
        self.was_idle.replace(is_idle) == Some(true) && is_idle
    }

    /// Returns whether the system tells that no more than half of the processors are wanted.
    /// This thread wants one too.
    fn is_quiet(&self) -> bool {
        (self.system.runnable)().is_some_and(|runnable| runnable <= self.cores / 2 + 1)
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

    /// Returns the milliseconds after which each of the glances at 50 ms of this process finds
    /// it idle for the second time or more, and the milliseconds of all glances.
    fn glances(system: System) -> (Vec<u128>, Vec<u128>) {
        let start = Instant::now();
        let (mut watch, mut now) = (IdleWatch::of(system, 2, start), start);
        let (mut found, mut all) = (Vec::new(), Vec::new());
        for step in 1..=5 {
            let end = start + millis(10) * step;
            while now < end {
                now += watch.time_to_next(end - now);
                let time = (now - start).as_millis();
                if watch.glance(now) {
                    found.push(time);
                }
                all.push(time);
            }
        }
        (found, all)
    }

    /// Otherwise a pool of jobs that compute grows before the system has counted their time, or
    /// one whose jobs block never grows if the system does not tell how many threads want to run.
    #[test]
    fn short_times_count_while_the_machine_is_quiet() {
        let used = || Some(Duration::ZERO);
        let ask = |runnable| glances(System { used, runnable });
        for runnable in [|| Some(1), || Some(2)] {
            let (found, all) = ask(runnable);
            assert_eq!(all[..6], [2, 4, 6, 8, 10, 12]);
            assert_eq!(found[..], all[1..]);
        }
        for runnable in [|| Some(3), || None] {
            let (found, all) = ask(runnable);
            assert_eq!(found, [20, 30, 40, 50]);
            assert_eq!(all, [2, 10, 12, 20, 22, 30, 32, 40, 42, 50]);
        }
    }

    /// Otherwise two glances at the same moment, at the end of a step, find the process idle twice.
    #[test]
    fn a_moment_says_nothing() {
        for (passed, expected) in [(SHORT / 2, true), (SHORT / 3, false)] {
            let start = Instant::now();
            let system = System {
                used: || Some(Duration::ZERO),
                runnable: || Some(1),
            };
            let mut watch = IdleWatch::of(system, 2, start);
            let first = start + SHORT;
            assert!(!watch.glance(first));
            assert_eq!(watch.glance(first + passed), expected);
            assert_eq!(watch.at == first, !expected);
        }
    }

    /// Otherwise a monitor wakes up for nothing, or a busy process counts as idle.
    #[test]
    fn a_busy_process_gets_a_glance_each_step() {
        for used in [|| None, || Some(Duration::from_secs(1_000_000))] {
            let start = Instant::now();
            let runnable = || Some(1);
            let mut watch = IdleWatch::of(System { used, runnable }, 2, start);
            watch.used = watch.used.map(|_| Duration::ZERO);
            assert!(!watch.glance(start + millis(2)));
            assert_eq!(watch.time_to_next(millis(8)), millis(8));
        }
    }

    /// Otherwise a process that computed once would never be idle again, or a short pause would
    /// make it idle.
    #[test]
    fn two_glances_in_a_row_must_find_it_idle() {
        let system = System {
            used: || Some(Duration::from_secs(1)),
            runnable: || None,
        };
        let mut watch = IdleWatch::of(system, 2, Instant::now());
        let mut glance = |used| {
            watch.used = Some(Duration::from_secs(1).saturating_sub(millis(used)));
            let now = watch.at + millis(10);
            let idle = watch.glance(now);
            assert_eq!((watch.at, watch.used), (now, Some(Duration::from_secs(1))));
            idle
        };
        let found = [0, 0, 10, 0, 9, 0].map(&mut glance);
        assert_eq!(found, [false, true, false, false, true, true]);
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
