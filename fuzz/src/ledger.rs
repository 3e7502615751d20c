//! The record of each job: how often it ran, and what its caller was told.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// The time within which every task has dropped the job that it was refused.
const SETTLED: Duration = if cfg!(test) {
    Duration::from_millis(10)
} else {
    Duration::from_secs(2)
};

/// The answer that the caller of a job got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The caller got the job's value, or its panic.
    Ran,
    /// The caller was told that the job has not run and never will.
    DidNotRun,
    /// Undecided: the caller dropped the job, or the wait was given up.
    Nothing,
    /// The caller got an answer that nothing explains, such as another job's value. No panic
    /// says so, because the pool would catch the panic of a job.
    Wrong(String),
}

/// The record of one job.
#[derive(Debug)]
pub struct Entry {
    pub number: u32,
    starts: AtomicU32,
    drops: AtomicU32,
    told: Mutex<Told>,
}

impl Entry {
    pub fn started(&self) {
        self.starts.fetch_add(1, SeqCst);
    }

    pub fn tell(&self, what: Told) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    /// Waits until the captures were dropped. After a job was refused, a task that awaits
    /// it may not have dropped it yet.
    fn settle(&self, deadline: Instant) {
        while self.drops.load(SeqCst) == 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_micros(100));
        }
    }

    /// Checks one job, when nothing is running any more.
    fn check(&self) {
        let (starts, drops) = (self.starts.load(SeqCst), self.drops.load(SeqCst));
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(starts <= 1, "job {} ran {starts} times", self.number);
        assert_eq!(
            drops, 1,
            "the captures of job {} were dropped {drops} times",
            self.number
        );
        match &*told {
            Told::Ran => assert_eq!(starts, 1, "job {} never ran, but has a value", self.number),
            Told::DidNotRun => assert_eq!(starts, 0, "job {} ran, but was denied", self.number),
            Told::Nothing => {}
            Told::Wrong(what) => panic!("the caller of job {} got {what}", self.number),
        }
    }
}

/// A value that each job's closure captures. It counts how often it is dropped.
#[derive(Debug)]
pub struct Capture(Arc<Entry>);

impl Capture {
    #[must_use]
    pub fn of(entry: &Arc<Entry>) -> Self {
        Self(Arc::clone(entry))
    }

    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.0
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.0.drops.fetch_add(1, SeqCst);
    }
}

/// The records of all jobs of a program.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: Arc<Mutex<Vec<Arc<Entry>>>>,
}

impl Ledger {
    /// Opens the record of a new job.
    ///
    /// # Panics
    ///
    /// Panics if there are more than 2^32 jobs.
    #[must_use]
    pub fn open(&self) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = Arc::new(Entry {
            number: u32::try_from(entries.len()).expect("programs are short"),
            starts: AtomicU32::new(0),
            drops: AtomicU32::new(0),
            told: Mutex::new(Told::Nothing),
        });
        entries.push(Arc::clone(&entry));
        entry
    }

    /// Returns the number of jobs that have started.
    #[must_use]
    pub fn started(&self) -> u64 {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .iter()
            .map(|entry| u64::from(entry.starts.load(SeqCst)))
            .sum()
    }

    /// Checks every job. The caller makes sure that nothing runs any more.
    ///
    /// # Panics
    ///
    /// Panics if a job broke an invariant.
    pub fn check(&self) {
        let deadline = Instant::now() + SETTLED;
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries.iter() {
            entry.settle(deadline);
            entry.check();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(live: impl FnOnce(&Arc<Entry>)) -> bool {
        let ledger = Ledger::default();
        live(&ledger.open());
        std::panic::catch_unwind(|| ledger.check()).is_err()
    }

    #[test]
    fn a_job_that_ran_once_and_said_so_is_in_order() {
        assert!(!broken(|entry| {
            Capture::of(entry).entry().started();
            entry.tell(Told::Ran);
        }));
    }

    #[test]
    fn every_invariant_can_be_broken() {
        assert!(broken(|_| {}), "captures that were never dropped");
        assert!(
            broken(|entry| drop((Capture::of(entry), Capture::of(entry)))),
            "twice"
        );
        assert!(
            broken(|entry| {
                let capture = Capture::of(entry);
                capture.entry().started();
                capture.entry().started();
            }),
            "ran twice"
        );
        assert!(
            broken(|entry| {
                drop(Capture::of(entry));
                entry.tell(Told::Ran);
            }),
            "a value of a job that never ran"
        );
        assert!(
            broken(|entry| {
                Capture::of(entry).entry().started();
                entry.tell(Told::DidNotRun);
            }),
            "ran and denied"
        );
        assert!(
            broken(|entry| {
                Capture::of(entry).entry().started();
                entry.tell(Told::Wrong("another job's value".to_owned()));
            }),
            "a wrong answer"
        );
    }
}
