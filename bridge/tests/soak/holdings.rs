//! Counts the threads, descriptors, memory and captured values of the process.

use std::{
    fs,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// The counts at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Holdings {
    pub(crate) threads: usize,
    pub(crate) descriptors: usize,
    /// Resident memory, in KiB.
    pub(crate) memory: usize,
    /// The number of references to the witness. Every closure and future of the
    /// soak captures one.
    pub(crate) references: usize,
}

impl Holdings {
    pub(crate) fn now(witness: &Arc<()>) -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let field = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|line| line.split_whitespace().next());
            value.and_then(|value| value.parse().ok()).unwrap()
        };
        Self {
            threads: field("Threads:"),
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
            memory: field("VmRSS:"),
            references: Arc::strong_count(witness),
        }
    }

    /// Counts once nothing has changed for a moment: threads that were about to end have
    /// ended.
    pub(crate) fn at_rest(witness: &Arc<()>) -> Self {
        let mut before = Self::now(witness);
        loop {
            thread::sleep(Duration::from_millis(60));
            let now = Self::now(witness);
            if now.threads == before.threads && now.descriptors == before.descriptors {
                return now;
            }
            before = now;
        }
    }

    /// Names what is more than it was in `before`. Resident memory may be
    /// `slack` KiB more, because the allocator keeps what was freed.
    fn grown(&self, before: &Self, slack: usize) -> Vec<String> {
        [
            ("threads", self.threads, before.threads),
            ("descriptors", self.descriptors, before.descriptors),
            ("KiB of memory", self.memory, before.memory + slack),
            ("references", self.references, before.references),
        ]
        .into_iter()
        .filter(|(_, now, most)| now > most)
        .map(|(what, now, most)| format!("{now} {what}, not {most}"))
        .collect()
    }

    /// Waits until the process holds no more than `before`, because idle threads
    /// end a moment after the last call.
    ///
    /// # Errors
    ///
    /// Says what is still more when `patience` is over.
    pub(crate) fn come_back(
        before: &Self,
        witness: &Arc<()>,
        slack: usize,
        patience: Duration,
    ) -> Result<Self, String> {
        let start = Instant::now();
        loop {
            let now = Self::now(witness);
            let grown = now.grown(before, slack);
            if grown.is_empty() {
                return Ok(now);
            }
            if start.elapsed() > patience {
                return Err(grown.join("; "));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Counts the threads with such a name.
pub(crate) fn count_threads(is_wanted: impl Fn(&str) -> bool) -> usize {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let names = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")));
    // A thread that has ended since has no name any more.
    names
        .flatten()
        .filter(|name| is_wanted(name.trim_end()))
        .count()
}
