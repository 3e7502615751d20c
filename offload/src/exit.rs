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
//! makes the exit hang. A panic of other code ends only the wait that runs it.
//!
//! The exit takes [turns](Turn), because work brings further work: a job may detach a job of
//! another pool, start a home runtime or build a bridge, and so may a stop hook or a blocking
//! task. So each turn looks at the table again, and the turns go on until no job has come.
//!
//! A fork's child inherits the handler. The child has a table of its own, and the handler
//! looks only at that table. A thread of the parent may have held the lock of the parent's
//! table during the fork.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use crate::{
    job::{caught::drop_payload, runnable::Runnable, running},
    lineage::{self, JobId, unfinished},
    platform::fork::{self, PerProcess},
    thread::living,
};

/// The time that the handler allows beyond the longest grace, so that what was cut off
/// can be logged.
const SLACK: Duration = Duration::from_secs(1);

/// The time that the process has to end after the handler, before stopped threads go on.
const TIME_TO_END: Duration = Duration::from_secs(5);

/// The time between two looks of a stopped thread.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// An entry of the table: work that finishes before the process exits.
pub trait BeforeExit: Send + Sync {
    /// Returns how long the exit may wait for this work.
    fn grace(&self) -> Duration;

    /// Begins a turn, and notes what the exit waits for in it. Returns a closure that waits,
    /// or `None` if there is nothing to wait for.
    fn begin(
        self: Arc<Self>,
        exit: &Arc<ProcessExit>,
        turn: Turn,
    ) -> Option<Box<dyn FnOnce() + Send>>;
}

/// The turns of the exit, of which `finish` tells the order. Jobs finish before the
/// runtimes, because they may need these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The jobs that the pools have when the exit begins.
    Jobs,
    /// The threads of pools that have no job.
    PoolThreads,
    /// The jobs that were detached since.
    LateJobs,
    /// The runtimes, which begin to end.
    Runtimes,
    /// The threads of the runtimes, which run blocking tasks. A runtime may start as long as
    /// its turn has not come, so its threads have a turn of their own.
    RuntimeThreads,
}

/// An exit of the process that has begun.
pub struct ProcessExit {
    table: &'static PerProcess<Table>,
    began: Instant,
    /// Jobs that can't end: the exiting thread runs them, or they wait for such a job.
    pub(crate) excluded: Vec<JobId>,
    /// Jobs that the exit has reported as cut off.
    cut_off: Mutex<Vec<Arc<dyn Runnable>>>,
    mark: usize,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    is_over: bool,
    /// The longest grace of all entries.
    grace: Duration,
}

impl std::fmt::Debug for ProcessExit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessExit").finish_non_exhaustive()
    }
}

impl ProcessExit {
    /// Begins the exit on the thread that exits.
    fn begin(table: &'static PerProcess<Table>) -> Arc<Self> {
        Arc::new(Self {
            table,
            began: Instant::now(),
            excluded: unfinishable(),
            cut_off: Mutex::default(),
            mark: MARK.get(),
            progress: Mutex::default(),
            changed: Condvar::new(),
        })
    }

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

    /// Returns the list of the jobs that the exit has reported as cut off.
    pub(crate) fn cut_off(&self) -> MutexGuard<'_, Vec<Arc<dyn Runnable>>> {
        self.cut_off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Allows the exit the graces of these entries too.
    fn allow_for(&self, entries: &[Arc<dyn BeforeExit>]) {
        if let Some(longest) = entries.iter().map(|entry| entry.grace()).max() {
            self.note(|progress| progress.grace = progress.grace.max(longest));
        }
    }

    /// Changes how far the exit is, and tells the exiting thread.
    fn note(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress());
        self.changed.notify_one();
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks the exiting thread until the exit is over, or until the longest grace and
    /// [`SLACK`] have passed.
    fn wait(&self) {
        let mut progress = self.progress();
        while !progress.is_over {
            let until = self.deadline(progress.grace.saturating_add(SLACK));
            let left = until.map_or(Duration::MAX, |until| {
                until.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return;
            }
            let woken = self.changed.wait_timeout(progress, left);
            progress = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
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

/// Stops this thread if the exit of the process has begun to end its runtimes. A
/// [marked](mark_thread) thread goes on, because the exit waits for it. For the same reason a
/// thread of a pool goes on in a detached job, in its stop hook and in the destructors of its
/// thread-locals.
///
/// A thread calls this when it is about to panic because the exit has ended a runtime.
/// Without its runtime the thread has nothing left to do. The message of a panic at the
/// end of a good run would mislead.
///
/// The process usually ends while the thread stands still. But an exit handler that was
/// registered before the bridge's may wait for the thread. So the thread goes on if the
/// process has not ended five seconds after the bridge's handler. Where a panic aborts
/// the process it does not, because then the panic would change how the process ends.
pub fn stop_if_exiting() {
    if fork::is_beyond_tables() || !TABLE.with(|table| table.ends_runtimes) {
        return;
    }
    let is_waited_for = match running::job() {
        Some(job) => job.header().is_detached(),
        None => MARK.get() != 0 || living::is_pool_thread(),
    };
    if is_waited_for {
        return;
    }
    let is_over = |table: &mut Table| table.over.is_some_and(|over| over.elapsed() >= TIME_TO_END);
    while cfg!(panic = "abort") || !TABLE.with(is_over) {
        thread::sleep(LOOK_INTERVAL);
    }
}

#[derive(Default)]
struct Table {
    entries: Vec<Weak<dyn BeforeExit>>,
    /// At this number of entries, `register` removes the dead ones.
    full: usize,
    /// Whether the exit has begun to end runtimes.
    ends_runtimes: bool,
    /// The time at which the exiting thread left the handler.
    over: Option<Instant>,
}

impl Table {
    fn add(&mut self, entry: Weak<dyn BeforeExit>) {
        if self.entries.len() >= self.full {
            self.entries.retain(|entry| entry.strong_count() > 0);
            self.full = (2 * self.entries.len()).max(16);
        }
        self.entries.push(entry);
    }

    fn living(&self) -> Vec<Arc<dyn BeforeExit>> {
        self.entries.iter().filter_map(Weak::upgrade).collect()
    }
}

static TABLE: PerProcess<Table> = PerProcess::new();

/// Registers an entry that finishes before this process exits, as long as it lives.
pub fn register(entry: Weak<dyn BeforeExit>) {
    if fork::is_beyond_tables() {
        return; // the exit of such a process waits for nothing
    }
    TABLE.with(|table| table.add(entry));
    register_handler();
}

/// Registers the exit handler with the system, once.
#[cfg(any(unix, windows))]
fn register_handler() {
    use crate::platform::INTERPRETED;

    extern "C" fn handler() {
        // A panic must not leave a C function.
        let _panicked = catch_unwind(finish_all);
    }

    static ONCE: Once = Once::new();
    if INTERPRETED {
        return;
    }
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
    let entries = TABLE.with(|table| table.living());
    if entries.is_empty() {
        return;
    }
    let exit = ProcessExit::begin(&TABLE);
    exit.allow_for(&entries);
    let own = Arc::clone(&exit);
    let body = move || {
        caught(|| drop(entries));
        finish(&own);
        own.note(|progress| progress.is_over = true);
    };
    // If no thread starts, the exit waits for nothing. This thread must not do the
    // waiting, because the other code that it would run could hang.
    let Ok(_thread) = thread::Builder::new()
        .name("bridge-exit".into())
        .spawn(body)
    else {
        return;
    };
    exit.wait();
    TABLE.with(|table| table.over = Some(Instant::now()));
}

/// Finishes the entries, turn by turn.
fn finish(exit: &Arc<ProcessExit>) {
    take_turn(exit, Turn::Jobs);
    finish_late_jobs(exit);
    loop {
        exit.table.with(|table| table.ends_runtimes = true);
        take_turn(exit, Turn::Runtimes);
        take_turn(exit, Turn::RuntimeThreads);
        // A blocking task may have detached jobs.
        if !finish_late_jobs(exit) {
            return;
        }
    }
}

/// Lets the threads of pools end, and finishes the jobs that were detached meanwhile, for
/// example by a stop hook. Returns whether there were any.
fn finish_late_jobs(exit: &Arc<ProcessExit>) -> bool {
    let mut found = false;
    loop {
        take_turn(exit, Turn::PoolThreads);
        if !take_turn(exit, Turn::LateJobs) {
            return found;
        }
        found = true;
    }
}

/// Takes a turn of all entries that are registered now. Returns whether there was anything to
/// wait for.
///
/// All entries begin before any of them is waited for, so an entry that is stuck takes no
/// time from the others.
fn take_turn(exit: &Arc<ProcessExit>, turn: Turn) -> bool {
    let entries = exit.table.with(|table| table.living());
    exit.allow_for(&entries);
    let waits: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| caught(|| entry.begin(exit, turn)).flatten())
        .collect();
    let found = !waits.is_empty();
    for wait in waits {
        caught(wait);
    }
    found
}

/// Runs other code. Returns `None` if it panics.
fn caught<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code))
        .map_err(drop_payload)
        .ok()
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
mod tests;
