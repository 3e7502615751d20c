//! The threads, descriptors, memory and time of this process, as Linux counts them.

use std::{
    fs,
    time::{Duration, Instant},
};

/// Returns the number of threads.
pub(crate) fn threads() -> usize {
    fs::read_dir("/proc/self/task")
        .expect("Linux has it")
        .count()
}

/// Returns the number of open file descriptors.
pub(crate) fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("Linux has it").count()
}

/// Returns the resident memory in KiB.
pub(crate) fn memory() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let value = line.and_then(|line| line.split_whitespace().next());
    value
        .and_then(|value| value.parse().ok())
        .expect("a number")
}

/// A clock of the time that the living threads run on a processor.
pub(crate) struct CpuClock {
    start: Duration,
}

impl CpuClock {
    /// Starts a clock.
    ///
    /// # Panics
    ///
    /// If a thread that is busy does not move the clock. Not every kernel counts.
    pub(crate) fn start() -> Self {
        let (before, began) = (cpu_time(), Instant::now());
        while cpu_time() <= before {
            let is_late = began.elapsed() > Duration::from_secs(10);
            assert!(!is_late, "this kernel does not count the time of threads");
        }
        Self { start: cpu_time() }
    }

    /// Returns the time since the start.
    pub(crate) fn used(&self) -> Duration {
        cpu_time().saturating_sub(self.start)
    }
}

/// Returns the time that the living threads have run on a processor.
fn cpu_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux has it");
    let time_of_each = tasks.filter_map(|task| {
        // A thread may end meanwhile.
        let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(time_of_each.sum())
}
