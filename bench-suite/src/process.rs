//! What this process holds: threads, file descriptors.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How many threads there are, where the system tells.
#[must_use]
pub fn threads() -> Option<usize> {
    num_threads::num_threads().map(usize::from)
}

/// How many file descriptors are open, where the system tells.
#[must_use]
pub fn descriptors() -> Option<usize> {
    // The directory that is read is open meanwhile, each time alike.
    Some(fs::read_dir("/dev/fd").ok()?.count())
}

/// Looks every few milliseconds at how many threads there are.
#[derive(Debug)]
pub struct Watch {
    seen: Arc<Seen>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Seen {
    looks: AtomicUsize,
    most: AtomicUsize,
    over: AtomicBool,
}

impl Watch {
    /// Begins to look, from a thread of its own.
    #[must_use]
    pub fn start() -> Self {
        let seen = Arc::<Seen>::default();
        let theirs = Arc::clone(&seen);
        let thread = thread::spawn(move || {
            while !theirs.over.load(Relaxed) {
                // Without the one that looks.
                let others = threads().unwrap_or_default().saturating_sub(1);
                theirs.most.fetch_max(others, Relaxed);
                theirs.looks.fetch_add(1, Relaxed);
                thread::sleep(Duration::from_millis(5));
            }
        });
        Self {
            seen,
            thread: Some(thread),
        }
    }

    /// How often it has looked.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.seen.looks.load(Relaxed)
    }

    /// The most threads it has seen, itself not counted.
    #[must_use]
    pub fn most(&self) -> Option<usize> {
        let most = self.seen.most.load(Relaxed);
        (most > 0).then_some(most)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.seen.over.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            // It does not panic; a second panic here would abort.
            let _ = thread.join();
        }
    }
}
