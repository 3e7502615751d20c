//! Counts the threads and file descriptors of this process.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Returns the number of threads, or `None` on a system that does not tell it.
#[must_use]
pub fn threads() -> Option<usize> {
    num_threads::num_threads().map(usize::from)
}

/// Returns the number of open file descriptors, or `None` on a system that does not
/// tell it.
#[must_use]
pub fn descriptors() -> Option<usize> {
    // Reading the directory opens one descriptor more, in every call alike.
    Some(fs::read_dir("/dev/fd").ok()?.count())
}

/// A thread that counts the threads of this process every few milliseconds.
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
    /// Starts the thread that counts.
    #[must_use]
    pub fn start() -> Self {
        let seen = Arc::<Seen>::default();
        let theirs = Arc::clone(&seen);
        let thread = thread::spawn(move || {
            while !theirs.over.load(Relaxed) {
                // The thread that counts is not counted.
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

    /// Returns how often the thread has counted.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.seen.looks.load(Relaxed)
    }

    /// Returns the greatest count so far, without the thread that counts.
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
            // The thread does not panic. A second panic here would abort the process.
            let _ = thread.join();
        }
    }
}
