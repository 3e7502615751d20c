//! A job without its types: what the pool's threads and its awaiter see of it.

use std::{
    any::Any,
    panic::Location,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use crate::{
    Lineage, OffloadError,
    nesting::lineage::PoolId,
    platform::sync::{AtomicU8, AtomicU32, AtomicUsize},
    pool::handle::Handle,
    thread::clock::Tick,
};

/// What the pool reads of a job without knowing its types.
pub(crate) struct Header {
    /// Where the closure was offloaded.
    pub(crate) at: &'static Location<'static>,
    /// Which list of the queue holds the job: the queue's affair, under the
    /// pool's lock.
    pub(crate) list: AtomicU8,
    /// What others have said about the job: [`CANCELLED`] and so on.
    flags: AtomicU8,
    /// Its result can be had, and its thread has not said so to the pool yet: how
    /// it came out.
    shown: AtomicU8,
    /// When the closure began.
    begun: AtomicU32,
    /// The number of the wait that polls for the job; 0 if none has.
    adopter: AtomicUsize,
    /// How many roots had been pushed before the job, as far as that is known.
    before: AtomicUsize,
}

/// The caller has lost interest.
const CANCELLED: u8 = 1;
/// A shutdown has asked the job to stop.
const STOPPING: u8 = 2;
/// Nobody awaits the job, and it is to run all the same.
const DETACHED: u8 = 4;

const HIDDEN: u8 = 0;
const COMPLETED: u8 = 1;
const PANICKED: u8 = 2;

/// A job that has been submitted, and has not been run.
pub(crate) struct Submitted {
    pub(crate) job: Arc<dyn Runnable>,
    /// The waits that depend on it.
    pub(crate) lineage: Lineage,
}

impl Submitted {
    pub(crate) fn header(&self) -> &Header {
        self.job.header()
    }

    /// Claims the closure and runs it to its end, on a thread of this pool. It begins
    /// at `now`.
    pub(crate) fn run(self, pool: PoolId, now: Tick) -> Finish {
        self.job.run(self.lineage, pool, now)
    }
}

/// How a job that a thread had claimed came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Finish {
    /// The closure returned.
    Completed,
    /// The closure panicked, or the result's destructor did with nobody left
    /// to take it.
    Panicked,
    /// It had been withdrawn before the claim, or this is the child of a closure
    /// that forked: there is nothing to count.
    Withdrawn,
}

impl Header {
    pub(crate) fn new(at: &'static Location<'static>) -> Self {
        Self {
            at,
            list: AtomicU8::new(0),
            flags: AtomicU8::new(0),
            shown: AtomicU8::new(HIDDEN),
            begun: AtomicU32::new(0),
            adopter: AtomicUsize::new(0),
            before: AtomicUsize::new(0),
        }
    }

    /// Its result is about to be seen.
    pub(crate) fn show(&self, finish: Finish) {
        let shown = match finish {
            Finish::Completed => COMPLETED,
            Finish::Panicked => PANICKED,
            Finish::Withdrawn => HIDDEN,
        };
        self.shown.store(shown, Ordering::Relaxed);
    }

    /// How it came out, if somebody may know already.
    pub(crate) fn shown(&self) -> Option<Finish> {
        match self.shown.load(Ordering::Relaxed) {
            COMPLETED => Some(Finish::Completed),
            PANICKED => Some(Finish::Panicked),
            _ => None,
        }
    }

    /// Notes that so many roots have been pushed before the job.
    pub(crate) fn set_before(&self, unrelated: usize) {
        self.before.store(unrelated, Ordering::Relaxed);
    }

    /// How many roots had been pushed before the job, at least.
    pub(crate) fn before(&self) -> usize {
        self.before.load(Ordering::Relaxed)
    }

    /// Notes that the wait of this number polls for the job.
    pub(crate) fn set_adopter(&self, wait: usize) {
        self.adopter.store(wait, Ordering::Relaxed);
    }

    /// The number of the wait that polled for the job last; 0 if none has.
    pub(crate) fn adopter(&self) -> usize {
        self.adopter.load(Ordering::Relaxed)
    }

    /// Whether a list of the queue holds the job. To be asked under the pool's lock.
    #[cfg(not(bridge_loom))]
    pub(crate) fn is_listed(&self) -> bool {
        self.list.load(Ordering::Relaxed) != 0
    }

    /// Notes that the caller has lost interest.
    pub(crate) fn cancel(&self) {
        self.flags.fetch_or(CANCELLED, Ordering::Relaxed);
    }

    /// Whether the caller has lost interest.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.has(CANCELLED)
    }

    /// Notes that a shutdown asks the job to stop.
    pub(crate) fn stop(&self) {
        self.flags.fetch_or(STOPPING, Ordering::Relaxed);
    }

    /// Whether the closure should return early: what [`cancelled`](crate::cancelled)
    /// says.
    pub(crate) fn should_stop(&self) -> bool {
        self.has(CANCELLED | STOPPING)
    }

    /// Notes that nobody awaits the job, and that it is to run all the same.
    pub(crate) fn detach(&self) {
        self.flags.fetch_or(DETACHED, Ordering::Relaxed);
    }

    /// Whether the job was detached.
    pub(crate) fn is_detached(&self) -> bool {
        self.has(DETACHED)
    }

    fn has(&self, flags: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flags != 0
    }

    /// Notes when the closure begins.
    pub(crate) fn begin(&self, tick: Tick) {
        self.begun.store(tick, Ordering::Relaxed);
    }

    /// When the closure began.
    pub(crate) fn begun(&self) -> Tick {
        self.begun.load(Ordering::Relaxed)
    }
}

/// What the end of a caller's interest came upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Withdrawal {
    /// The closure was still there; it will never run.
    Withdrawn,
    /// A thread is running it, and goes on.
    Running,
    /// It had been over.
    Over,
}

/// What is left to do for a job whose caller has been told that it won't run, or
/// not in time. It is others' code, which may wait for another job that ends with
/// this one: nothing to do before all of them have been told.
#[derive(Default)]
#[must_use]
pub(crate) struct DeferredCleanup {
    pub(crate) waker: Option<Waker>,
    /// What a job leaves that had not begun.
    pub(crate) left: Option<Box<dyn Send>>,
    /// What reports the loss of a job that nobody awaits.
    pub(crate) report: Option<Box<dyn FnOnce() + Send>>,
}

/// A job as the pool's threads see it.
pub(crate) trait Runnable: Any + Send + Sync {
    fn header(&self) -> &Header;
    /// Claims the closure and runs it to its end, as a descendant of this lineage,
    /// on a thread of this pool. It begins at `now`. Never unwinds.
    fn run(self: Arc<Self>, lineage: Lineage, pool: PoolId, now: Tick) -> Finish;
    /// Ends a job that will not, or not in time, run: whoever awaits gets
    /// `error`.
    fn abandon(&self, error: OffloadError) -> DeferredCleanup;
    /// Ends a job that was never admitted, since the pool is shut down: whoever
    /// awaits is told so, and may have the closure back.
    fn refuse(&self) -> DeferredCleanup;
}

/// A job as the one who awaits it sees it.
pub(crate) trait Awaitable<T>: Send + Sync {
    fn header(&self) -> &Header;
    fn as_runnable(self: Arc<Self>) -> Arc<dyn Runnable>;
    /// `Fresh` to `Waiting`: captures the surroundings of the submission, and
    /// says which waits depend on it; `None` if it was withdrawn before.
    fn prepare(&self, waker: Option<&Waker>) -> Option<Lineage>;
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>>;
    /// Ends the interest in the job. With `keep`, the result of one that is
    /// running can still be awaited. One that had not been claimed is counted
    /// out by `forget`, before anything of the caller's runs, which may panic.
    fn withdraw(&self, keep: bool, forget: &dyn Fn()) -> Withdrawal;
    /// Ends the interest in a job that has been submitted and is to run all the
    /// same. One that has not begun keeps `handle` until it does.
    fn detach(&self, handle: Arc<Handle>);
    fn abandon(&self, error: OffloadError) -> DeferredCleanup;
}
