//! Shuttle's primitives, and a clock that is part of the model.
//!
//! Shuttle has no time: its timed waits never end by themselves. Here the time is a
//! number that belongs to the execution. A thread that sleeps, or that waits with a
//! limit, stays runnable for shuttle, and [`deadline_of`] tells when its limit passes.
//! The scheduler of the tests may leave such a thread out as long as it likes. If it
//! picks the thread, the time jumps to that deadline: this is how a limit passes.
//!
//! So a scheduler decides how fast time goes. If it picks sleepers only when nothing else
//! can run, it models a machine that is never late. If it picks sleepers at any moment,
//! it models threads that are held up for seconds.

use std::{
    cell::{Cell, RefCell},
    io,
    ops::{Deref, DerefMut},
    sync::{LazyLock, PoisonError},
    time::{Duration, Instant},
};

pub(crate) use shuttle::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize},
    },
    thread::yield_now,
    thread_local,
};

use shuttle::{
    current,
    rand::{Rng, thread_rng},
    scheduler::TaskId,
    thread,
};

/// The time that one look of a spinning thread takes.
const LOOK: Duration = Duration::from_micros(20);

/// The clock shows this at the beginning of each execution.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

// Shuttle runs all threads of an execution on one thread of the system. So std's
// thread-locals belong to the execution, and are no scheduling points.
std::thread_local! {
    static TIME: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static SLEEPERS: RefCell<Vec<(TaskId, Duration)>> = const { RefCell::new(Vec::new()) };
    static FAILING_STARTS: Cell<f64> = const { Cell::new(0.0) };
}

/// Begins an execution: the time is zero, no thread sleeps, and no start of a thread
/// fails.
pub fn reset() {
    TIME.set(Duration::ZERO);
    SLEEPERS.take();
    FAILING_STARTS.set(0.0);
}

/// Lets each further start of a thread fail with this probability.
pub fn fail_starts(probability: f64) {
    FAILING_STARTS.set(probability);
}

/// Returns the time since the execution began.
#[must_use]
pub fn time() -> Duration {
    TIME.get()
}

/// Returns when the sleep of `task` ends. `None` means that `task` is awake, or that the time
/// has come.
#[must_use]
pub fn deadline_of(task: TaskId) -> Option<Duration> {
    let until = SLEEPERS.with_borrow(|sleepers| {
        let own = sleepers.iter().find(|(other, _)| *other == task);
        own.map(|(_, until)| *until)
    });
    until.filter(|until| *until > time())
}

/// Sleeps until the scheduler lets this much time pass.
pub fn sleep(time: Duration) {
    let _woken = doze(time);
}

/// Sleeps until another thread calls [`wake`], and then returns true. Returns false if the
/// scheduler picks this thread before that, which makes the limit pass.
fn doze(limit: Duration) -> bool {
    let (me, until) = (current::me(), time().saturating_add(limit));
    SLEEPERS.with_borrow_mut(|sleepers| sleepers.push((me, until)));
    thread::sleep(limit);
    // A thread that nobody woke is still in the list.
    let is_woken = !wake(me);
    if !is_woken {
        TIME.set(time().max(until));
    }
    is_woken
}

/// Ends the sleep of `task`. Returns false if `task` does not sleep.
fn wake(task: TaskId) -> bool {
    SLEEPERS.with_borrow_mut(|sleepers| {
        let at = sleepers.iter().position(|(other, _)| *other == task);
        at.map(|at| sleepers.swap_remove(at)).is_some()
    })
}

/// Returns the time by the clock of the execution.
pub(crate) fn now() -> Instant {
    *ORIGIN + time()
}

/// The clock of the execution, in nanoseconds.
#[derive(Clone)]
pub(crate) struct FineClock;

impl FineClock {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn read(&self) -> u64 {
        time().as_nanos().try_into().unwrap_or(u64::MAX)
    }

    pub(crate) fn nanos(&self, from: u64, to: u64) -> u64 {
        to.saturating_sub(from)
    }
}

/// Returns the time since `start`.
pub(crate) fn elapsed(start: Instant) -> Duration {
    now().saturating_duration_since(start)
}

/// Lets time pass for one look of a spinning thread.
pub(crate) fn spin_loop() {
    TIME.set(time() + LOOK);
    yield_now();
}

/// Returns true at random, once in this many times on average.
pub(crate) fn toss(times: u32) -> bool {
    thread_rng().gen_ratio(1, times)
}

/// A guard that knows its mutex, so that a timed wait can lock it again.
pub(crate) struct MutexGuard<'a, T> {
    guard: shuttle::sync::MutexGuard<'a, T>,
    mutex: &'a Mutex<T>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Locks a mutex, whether or not a thread panicked while it held it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
    MutexGuard { guard, mutex }
}

/// A condition variable that knows which threads wait with a limit.
#[derive(Debug, Default)]
pub(crate) struct Condvar {
    inner: shuttle::sync::Condvar,
    /// Std's mutex suffices, because only one thread of an execution runs at a time.
    timed: std::sync::Mutex<Vec<TaskId>>,
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    fn timed(&self) -> std::sync::MutexGuard<'_, Vec<TaskId>> {
        self.timed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes one thread. If some threads wait with a limit and others without, it may
    /// wake two. Callers expect that, because a wait may end without a reason.
    pub(crate) fn notify_one(&self) {
        self.inner.notify_one();
        let first = self.timed().first().copied();
        if let Some(first) = first {
            wake(first);
        }
    }

    pub(crate) fn notify_all(&self) {
        self.inner.notify_all();
        for task in self.timed().iter() {
            wake(*task);
        }
    }
}

/// Waits on a condition variable for at most `limit`. Returns true if time ran out.
pub(crate) fn wait_for<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    limit: Option<Duration>,
) -> (MutexGuard<'a, T>, bool) {
    let MutexGuard { guard, mutex } = guard;
    let Some(limit) = limit else {
        let guard = condvar.inner.wait(guard);
        let guard = guard.unwrap_or_else(PoisonError::into_inner);
        return (MutexGuard { guard, mutex }, false);
    };
    // No other thread runs between the release of the lock and the next line, so no
    // notification is lost.
    drop(guard);
    condvar.timed().push(current::me());
    let is_woken = doze(limit);
    condvar.timed().retain(|task| *task != current::me());
    (lock(mutex), !is_woken)
}

/// Starts a thread of the model, unless [`fail_starts`] makes the start fail.
pub(crate) fn start_thread(
    name: String,
    _stack_size: usize,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let failing = FAILING_STARTS.get();
    if failing > 0.0 && thread_rng().gen_bool(failing) {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    thread::Builder::new().name(name).spawn(body).map(drop)
}
