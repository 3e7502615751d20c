//! Tells whether this process leaves its processors idle.
//!
//! If all permits of a pool are taken and the process hardly uses its processors, the jobs
//! block. Then more workers run more jobs. If the jobs compute, more workers only take the
//! processors from each other.

use std::time::{Duration, Instant};

/// Compares the processor time that the process uses with the time that passes.
#[derive(Debug)]
pub(crate) struct IdleWatch {
    /// The number of processors that the process may use.
    cores: usize,
    /// The time of the last look.
    at: Instant,
    /// The processor time that all threads had used by then, if the system tells it.
    used: Option<Duration>,
}

impl IdleWatch {
    pub(crate) fn new(cores: usize, now: Instant) -> Self {
        Self {
            cores,
            at: now,
            used: used(),
        }
    }

    /// Returns whether the process has used less than half of its processors' time since the
    /// last look.
    pub(crate) fn look(&mut self, now: Instant) -> bool {
        #[cfg(bridge_shuttle)]
        if crate::platform::sync::toss(2) {
            return true;
        }
        let before = (self.at, self.used);
        (self.at, self.used) = (now, used());
        let (Some(used), Some(used_before)) = (self.used, before.1) else {
            return false;
        };
        let passed = now.saturating_duration_since(before.0);
        is_idle(used.saturating_sub(used_before), passed, self.cores)
    }
}

/// Returns whether so much processor time is less than half of what `cores` processors had.
fn is_idle(used: Duration, passed: Duration, cores: usize) -> bool {
    let cores = u32::try_from(cores).unwrap_or(u32::MAX);
    used < passed.saturating_mul(cores) / 2
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
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanoseconds = u32::try_from(time.tv_nsec).ok()?;
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
        for (used, cores, expected) in [
            (0, 1, true),
            (4, 1, true),
            (5, 1, false),
            (9, 2, true),
            (10, 2, false),
            (20, 2, false),
            (31, 8, true),
        ] {
            let idle = is_idle(millis(used), millis(10), cores);
            assert_eq!(idle, expected, "{used} ms of 10 on {cores}");
        }
    }

    /// Only what was used since the last look counts.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_computes_is_seen_by_the_next_look_alone() {
        let start = Instant::now();
        // The tests beside this one compute too, so the processors must be many.
        let mut watch = IdleWatch::new(1_000_000, start);
        let first = watch.used.expect("the system tells it");
        while used().expect("the system tells it") < first + Duration::from_millis(5) {
            std::hint::spin_loop();
        }
        watch.cores = 1;
        assert!(!watch.look(start + Duration::from_millis(10)));
        watch.cores = 1_000_000;
        assert!(watch.look(start + Duration::from_millis(20)));
    }
}
