//! Reads the CPU time and the context switches of this process.

use std::{
    ops::{Add, Sub},
    str::FromStr,
    time::Duration,
};

/// The usage of all threads of a process, including threads that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time of the program, and of the kernel on its behalf.
    pub cpu: Duration,
    /// Context switches, voluntary and involuntary.
    pub switches: u64,
}

impl Usage {
    /// Returns the usage of this process so far, or `None` on a system that does not
    /// tell it.
    #[must_use]
    pub fn now() -> Option<Self> {
        now()
    }

    /// Returns one line that [`from_str`](Self::from_str) reads.
    #[must_use]
    pub fn line(self) -> String {
        format!("{} {}", self.cpu.as_nanos(), self.switches)
    }
}

#[cfg(unix)]
fn now() -> Option<Usage> {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeVal,
    };
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let time = |time: TimeVal| {
        let seconds = u64::try_from(time.tv_sec()).ok()?;
        let micros = u64::try_from(time.tv_usec()).ok()?;
        Some(Duration::from_secs(seconds) + Duration::from_micros(micros))
    };
    let switches = usage.voluntary_context_switches() + usage.involuntary_context_switches();
    Some(Usage {
        cpu: time(usage.user_time())? + time(usage.system_time())?,
        switches: u64::try_from(switches).ok()?,
    })
}

#[cfg(not(unix))]
fn now() -> Option<Usage> {
    None
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            switches: self.switches + other.switches,
        }
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            switches: self.switches.saturating_sub(earlier.switches),
        }
    }
}

/// An error: [`Usage::line`] did not write the line.
#[derive(Debug)]
pub struct NoUsage;

impl FromStr for Usage {
    type Err = NoUsage;

    fn from_str(line: &str) -> Result<Self, NoUsage> {
        let (cpu, switches) = line.split_once(' ').ok_or(NoUsage)?;
        Ok(Self {
            cpu: Duration::from_nanos(cpu.parse().map_err(|_| NoUsage)?),
            switches: switches.parse().map_err(|_| NoUsage)?,
        })
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{thread, time::Instant};

    use super::*;

    #[test]
    fn work_shows_as_cpu_time_and_sleeps_show_as_switches() {
        let before = Usage::now().expect("a Unix system tells");
        let start = Instant::now();
        // Other tests may take the processors meanwhile, so the loop asks for CPU time.
        while (Usage::now().expect("as before") - before).cpu < Duration::from_millis(20) {
            assert!(start.elapsed() < testkit::LIMIT, "no CPU time was counted");
        }
        for _ in 0..20 {
            thread::sleep(Duration::from_micros(100));
        }
        let used = Usage::now().expect("as before") - before;
        assert!(used.switches >= 20, "{used:?}");
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let usage = Usage {
            cpu: Duration::from_nanos(1_234_567),
            switches: 89,
        };
        assert_eq!(usage.line().parse::<Usage>().ok(), Some(usage));
        assert!("".parse::<Usage>().is_err() && "1 x".parse::<Usage>().is_err());
    }
}
