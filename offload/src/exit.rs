//! Lets pools and runtimes finish their work before the process exits.
//!
//! A program that returns from `main`, or calls [`std::process::exit`], ends all its
//! threads at once. Work that was accepted and that nobody awaits would be lost. So pools
//! and runtimes register here, and an exit handler waits for them.
//!
//! The handler runs on the thread that exits, whose thread-locals are gone. It starts a
//! thread that does the waiting, because waiting runs other code: a `tracing` subscriber,
//! or a runtime's destructors. The handler allows that thread the longest grace, and
//! a second more. So neither a stuck job nor a lock that the exiting thread holds
//! makes the exit hang.
//!
//! A fork's child inherits the handler. The child has a table of its own, and the handler
//! looks only at that table. A thread of the parent may have held the lock of the parent's
//! table during the fork.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, Once, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use crate::{
    job::running,
    lineage::{self, JobId, unfinished},
    platform::fork::{self, PerProcess},
};

/// The time that the handler allows beyond the longest grace, so that what was cut off
/// can be logged.
const SLACK: Duration = Duration::from_secs(1);

/// An entry of the table: work that finishes before the process exits.
pub trait BeforeExit: Send + Sync {
    /// Returns the turn in which this work finishes.
    fn turn(&self) -> Turn;

    /// Returns how long the exit may wait for this work.
    fn grace(&self) -> Duration;

    /// Notes what the exit waits for, when the entry's turn begins. Returns a closure that
    /// waits, or `None` if there is nothing to wait for.
    fn begin(self: Arc<Self>, exit: &ProcessExit) -> Option<Box<dyn FnOnce() + Send>>;
}

/// The order of the exit: jobs finish first, because they may need the runtimes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The jobs of pools.
    Jobs,
    /// The blocking tasks of runtimes.
    Runtimes,
}

/// An exit of the process that has begun.
#[derive(Debug)]
pub struct ProcessExit {
    began: Instant,
    /// Jobs that can't end: the exiting thread runs them, or they wait for such a job.
    pub(crate) excluded: Vec<JobId>,
    mark: usize,
}

impl ProcessExit {
    /// Returns the time at which a grace is over.
    #[must_use]
    pub fn deadline(&self, grace: Duration) -> Option<Instant> {
        self.began.checked_add(grace)
    }

    /// Returns the [mark](mark_thread) of the thread that exits, or 0 if it has none.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.mark
    }
}

thread_local! {
    /// The mark of this thread, or 0. It has no destructor, so the handler can read it after
    /// other thread-locals are gone.
    static MARK: Cell<usize> = const { Cell::new(0) };
}

/// Marks this thread as a thread of the runtime that `mark` stands for. If the thread
/// calls `exit`, it can't end, so the exit must not wait for it.
pub fn mark_thread(mark: usize) {
    MARK.set(mark);
}

/// Stops this thread for good if the exit of the process has begun to end its runtimes. A
/// [marked](mark_thread) thread goes on, because the exit waits for it.
///
/// A thread calls this when it is about to panic because the exit has ended a runtime.
/// Without its runtime the thread has nothing left to do. The message of a panic at the
/// end of a good run would mislead.
pub fn stop_if_exiting() {
    if MARK.get() != 0 || fork::is_beyond_tables() || !TABLE.with(|table| table.ends_runtimes) {
        return;
    }
    loop {
        thread::park();
    }
}

#[derive(Default)]
struct Table {
    entries: Vec<Weak<dyn BeforeExit>>,
    /// At this number of entries, `register` removes the dead ones.
    full: usize,
    /// Whether the exit has begun to end runtimes.
    ends_runtimes: bool,
}

static TABLE: PerProcess<Table> = PerProcess::new();

/// Registers an entry that finishes before this process exits, as long as it lives.
pub fn register(entry: Weak<dyn BeforeExit>) {
    if fork::is_beyond_tables() {
        return; // the exit of such a process waits for nothing
    }
    TABLE.with(|table| {
        if table.entries.len() >= table.full {
            table.entries.retain(|entry| entry.strong_count() > 0);
            table.full = (2 * table.entries.len()).max(16);
        }
        table.entries.push(entry);
    });
    register_handler();
}

/// Registers the exit handler with the system, once.
#[cfg(any(unix, windows))]
fn register_handler() {
    extern "C" fn handler() {
        // A panic must not leave a C function.
        let _panicked = catch_unwind(finish_all);
    }

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `handler` has the required signature, lives as long as the program, and
        // does not unwind. Before it uses a thread-local that has a destructor, it asks
        // whether that destructor has run.
        let code = unsafe { libc::atexit(handler) };
        // This fails only if memory is short. Then the process exits at once, as it would
        // without this module.
        debug_assert_eq!(code, 0, "atexit failed");
    });
}

/// Registers nothing, because this system has no exit handlers.
#[cfg(not(any(unix, windows)))]
fn register_handler() {}

/// Finishes everything that is registered in this process.
fn finish_all() {
    if fork::is_beyond_tables() {
        return;
    }
    let entries: Vec<_> =
        TABLE.with(|table| table.entries.iter().filter_map(Weak::upgrade).collect());
    let Some(longest) = entries.iter().map(|entry| entry.grace()).max() else {
        return;
    };
    let exit = ProcessExit {
        began: Instant::now(),
        excluded: unfinishable(),
        mark: MARK.get(),
    };
    let over = Arc::new((Mutex::new(false), Condvar::new()));
    let told = Arc::clone(&over);
    let body = move || {
        let _panicked = catch_unwind(AssertUnwindSafe(|| finish(&exit, entries)));
        *told.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.1.notify_one();
    };
    // If no thread starts, the exit waits for nothing. This thread must not do the
    // waiting, because the other code that it would run could hang.
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

/// Finishes the entries, turn by turn. All entries of a turn begin before any of them
/// is waited for, so an entry that is stuck takes no time from the others.
fn finish(exit: &ProcessExit, entries: Vec<Arc<dyn BeforeExit>>) {
    let (jobs, runtimes): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .partition(|entry| entry.turn() == Turn::Jobs);
    for (turn, entries) in [(Turn::Jobs, jobs), (Turn::Runtimes, runtimes)] {
        if turn == Turn::Runtimes {
            TABLE.with(|table| table.ends_runtimes = true);
        }
        let begun: Vec<_> = entries
            .into_iter()
            .filter_map(|entry| entry.begin(exit))
            .collect();
        for wait in begun {
            wait();
        }
    }
}

/// Returns the jobs that the exiting thread is inside of, and the jobs that wait for
/// them.
fn unfinishable() -> Vec<JobId> {
    let mut jobs = unfinished::take();
    // On some systems thread-locals outlive the call of `exit`.
    jobs.extend(running::current());
    jobs.extend(lineage::jobs_here());
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl BeforeExit for Nothing {
        fn turn(&self) -> Turn {
            Turn::Jobs
        }

        fn grace(&self) -> Duration {
            Duration::ZERO
        }

        fn begin(self: Arc<Self>, _: &ProcessExit) -> Option<Box<dyn FnOnce() + Send>> {
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
        TABLE.with(|table| {
            let entries = &table.entries;
            assert!(entries.len() < 100, "{}", entries.len());
            let kept = Arc::downgrade(&kept);
            assert!(entries.iter().any(|entry| entry.ptr_eq(&kept)));
        });
    }

    /// Notes its steps.
    struct Noting {
        turn: Turn,
        name: &'static str,
        notes: Arc<Mutex<Vec<String>>>,
    }

    impl BeforeExit for Noting {
        fn turn(&self) -> Turn {
            self.turn
        }

        fn grace(&self) -> Duration {
            Duration::ZERO
        }

        fn begin(self: Arc<Self>, _: &ProcessExit) -> Option<Box<dyn FnOnce() + Send>> {
            let note = move |step| {
                let text = format!("{} {step}", self.name);
                self.notes.lock().unwrap().push(text);
            };
            note("begins");
            Some(Box::new(move || note("waits")))
        }
    }

    /// Otherwise a pool that is stuck takes time from the others, and the exit waits for jobs
    /// that others submit meanwhile.
    #[test]
    fn all_of_a_turn_begin_before_any_is_waited_for() {
        let notes = Arc::default();
        let entry = |turn, name| {
            let notes = Arc::clone(&notes);
            Arc::new(Noting { turn, name, notes }) as Arc<dyn BeforeExit>
        };
        let exit = ProcessExit {
            began: Instant::now(),
            excluded: Vec::new(),
            mark: 0,
        };
        let entries = vec![
            entry(Turn::Runtimes, "runtime"),
            entry(Turn::Jobs, "first"),
            entry(Turn::Jobs, "second"),
        ];
        finish(&exit, entries);
        assert_eq!(
            *notes.lock().unwrap(),
            [
                "first begins",
                "second begins",
                "first waits",
                "second waits",
                "runtime begins",
                "runtime waits"
            ]
        );
    }
}
