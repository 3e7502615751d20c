//! What the process finishes before it exits.
//!
//! A program that returns from `main`, or calls [`std::process::exit`], ends all its
//! threads at once. Work that was accepted and that nobody awaits would be lost. So
//! pools and runtimes register here, and an exit handler waits for them.
//!
//! The handler runs on the thread that exits, whose thread-locals are gone. What it
//! waits for runs on a thread of its own, because that runs others' code: a
//! `tracing` subscriber, a runtime's destructors. The handler waits for that thread
//! no longer than the longest grace. So neither a stuck job nor a lock that the
//! exiting thread holds makes the exit hang.
//!
//! A fork's child inherits the handler. It looks only at what was registered in its
//! own process, in a table of its own: the parent may have held the lock of another.

use std::{
    cell::Cell,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, Once, PoisonError, TryLockError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    job::running,
    nesting::lineage::{self, JobId},
    platform::fork,
};

/// How much longer than the longest grace the handler waits: for the log of what
/// was cut off.
const SLACK: Duration = Duration::from_secs(1);

/// Processes in a line of forks that have a table each. Nothing is registered in
/// those beyond.
const BACKLOG: usize = 64;

/// What wants to be finished before the process exits.
pub trait BeforeExit: Send + Sync {
    /// What this is: jobs are finished before the runtimes that they may need.
    fn stage(&self) -> Stage;

    /// How long the exit may take for this.
    fn grace(&self) -> Duration;

    /// Takes stock when the exit begins, or when the stage before is over. Returns
    /// what waits for the rest, if there is any.
    fn begin(self: Arc<Self>, leaving: &Leaving) -> Option<Box<dyn FnOnce() + Send>>;
}

/// What is finished first, and what after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Jobs of pools.
    Jobs,
    /// Blocking tasks of runtimes.
    Runtimes,
}

/// An exit of the process that has begun.
#[derive(Debug)]
pub struct Leaving {
    began: Instant,
    /// Jobs that can't end, because the thread that exits runs or owes them.
    pub(crate) excluded: Vec<JobId>,
    mark: usize,
}

impl Leaving {
    /// When a grace is over.
    #[must_use]
    pub fn deadline(&self, grace: Duration) -> Option<Instant> {
        self.began.checked_add(grace)
    }

    /// The [mark](mark_thread) of the thread that exits.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.mark
    }
}

thread_local! {
    /// Without a destructor, so that it can still be read when the others are gone.
    static MARK: Cell<usize> = const { Cell::new(0) };
}

/// Marks this thread as one of those that can't end if it calls `exit`.
pub fn mark_thread(mark: usize) {
    MARK.set(mark);
}

/// The process whose exit ends its runtimes: its generation, plus one. Zero: none.
static ENDING: AtomicUsize = AtomicUsize::new(0);

/// Stops this thread for good if the exit of the process has begun to end its runtimes,
/// unless this is a thread of a runtime, which the exit waits for.
///
/// A thread that is about to panic because the exit has ended a runtime calls this:
/// without its runtime the thread has nothing left to do, and a panic's message at the
/// end of a good run would mislead.
pub fn stop_if_exiting() {
    let is_ending = ENDING.load(Ordering::SeqCst) == fork::generation() + 1;
    while is_ending && MARK.get() == 0 {
        thread::park();
    }
}

#[derive(Default)]
struct Table {
    entries: Vec<Weak<dyn BeforeExit>>,
    /// At this number of entries the dead ones are taken out.
    full: usize,
}

static TABLES: [Mutex<Option<Table>>; BACKLOG] = [const { Mutex::new(None) }; BACKLOG];

/// Jobs that the thread which exits stood in, noted when its thread-locals went.
static NOTED: Mutex<Vec<JobId>> = Mutex::new(Vec::new());

/// Registers what is to be finished before this process exits, as long as it lives.
pub fn register(entry: Weak<dyn BeforeExit>) {
    let Some(table) = TABLES.get(fork::generation()) else {
        return;
    };
    let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
    let table = table.get_or_insert_default();
    if table.entries.len() >= table.full {
        table.entries.retain(|entry| entry.strong_count() > 0);
        table.full = (2 * table.entries.len()).max(16);
    }
    table.entries.push(entry);
    watch();
}

/// Notes jobs that the thread whose thread-locals are going stands in. That is so
/// only if it calls `exit` inside of them.
#[cold]
pub(crate) fn note(jobs: impl Iterator<Item = JobId>) {
    match NOTED.try_lock() {
        Ok(mut noted) => noted.extend(jobs),
        Err(TryLockError::Poisoned(noted)) => noted.into_inner().extend(jobs),
        // Another thread exits as well, and is first.
        Err(TryLockError::WouldBlock) => {}
    }
}

/// Has the exit handler run at the end of the process.
#[cfg(any(unix, windows))]
fn watch() {
    extern "C" fn handler() {
        // A panic must not leave a C function.
        let _panicked = catch_unwind(finish_all);
    }

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `handler` is a function of the signature asked for, lives as long
        // as the program, and does not unwind. It uses no thread-local that has a
        // destructor without asking whether that has run.
        let code = unsafe { libc::atexit(handler) };
        // It fails only for want of memory. Then the process exits at once, as it
        // would without this module.
        debug_assert_eq!(code, 0, "atexit failed");
    });
}

/// There is no exit handler here.
#[cfg(not(any(unix, windows)))]
fn watch() {}

/// Finishes what is registered in this process.
fn finish_all() {
    let Some(table) = TABLES.get(fork::generation()) else {
        return;
    };
    let table = table.lock().unwrap_or_else(PoisonError::into_inner);
    let entries = table.iter().flat_map(|table| &table.entries);
    let entries: Vec<_> = entries.filter_map(Weak::upgrade).collect();
    drop(table);
    let Some(longest) = entries.iter().map(|entry| entry.grace()).max() else {
        return;
    };
    let leaving = Leaving {
        began: Instant::now(),
        excluded: standing(),
        mark: MARK.get(),
    };
    let over = Arc::new((Mutex::new(false), Condvar::new()));
    let told = Arc::clone(&over);
    let body = move || {
        let _panicked = catch_unwind(AssertUnwindSafe(|| finish(&leaving, entries)));
        *told.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.1.notify_one();
    };
    // Without a thread nothing is waited for: on this one, others' code could hang.
    let Ok(_thread) = thread::Builder::new()
        .name("bridge-exit".into())
        .spawn(body)
    else {
        return;
    };
    let limit = longest.saturating_add(SLACK);
    let guard = over.0.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = over.1.wait_timeout_while(guard, limit, |over| !*over);
    drop(waited);
}

/// Finishes these, stage by stage. All of a stage begin before the first is waited
/// for, so that one that is stuck takes no time from the others.
fn finish(leaving: &Leaving, entries: Vec<Arc<dyn BeforeExit>>) {
    let (jobs, runtimes): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| entry.stage() == Stage::Jobs);
    for (stage, entries) in [(Stage::Jobs, jobs), (Stage::Runtimes, runtimes)] {
        if stage == Stage::Runtimes {
            ENDING.store(fork::generation() + 1, Ordering::SeqCst);
        }
        let begun: Vec<_> = entries
            .into_iter()
            .filter_map(|entry| entry.begin(leaving))
            .collect();
        for wait in begun {
            wait();
        }
    }
}

/// The jobs that the thread which exits stands in, and those that wait for them.
fn standing() -> Vec<JobId> {
    let mut jobs = mem::take(&mut *NOTED.lock().unwrap_or_else(PoisonError::into_inner));
    // Where thread-locals outlive the call of `exit`, they are still there.
    jobs.extend(running::current());
    jobs.extend(lineage::standing());
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl BeforeExit for Nothing {
        fn stage(&self) -> Stage {
            Stage::Jobs
        }

        fn grace(&self) -> Duration {
            Duration::ZERO
        }

        fn begin(self: Arc<Self>, _: &Leaving) -> Option<Box<dyn FnOnce() + Send>> {
            None
        }
    }

    #[test]
    fn the_table_does_not_grow_with_what_is_gone() {
        let kept: Arc<dyn BeforeExit> = Arc::new(Nothing);
        register(Arc::downgrade(&kept));
        for _ in 0..1_000 {
            let gone: Arc<dyn BeforeExit> = Arc::new(Nothing);
            register(Arc::downgrade(&gone));
        }
        let table = TABLES[fork::generation()].lock().unwrap();
        let entries = &table.as_ref().unwrap().entries;
        assert!(entries.len() < 100, "{}", entries.len());
        assert!(
            entries
                .iter()
                .any(|entry| entry.ptr_eq(&Arc::downgrade(&kept)))
        );
    }
}
