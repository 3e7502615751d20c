//! A job without its types: what the pool's threads and its awaiter see of it.

use std::{
    any::Any,
    panic::Location,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use crate::{
    Lineage, OffloadError,
    lineage::PoolId,
    sync::{AtomicBool, AtomicU8},
};

/// What the pool reads of a job without knowing its types.
pub(crate) struct Header {
    /// Where the closure was offloaded.
    pub(crate) at: &'static Location<'static>,
    /// Which list of the queue holds the job: the queue's affair, under the
    /// pool's lock.
    pub(crate) list: AtomicU8,
    /// The caller has lost interest: what [`cancelled`](crate::cancelled) tells
    /// the closure.
    cancelled: AtomicBool,
    /// Its result can be had, and its thread has not said so to the pool yet: how
    /// it came out.
    shown: AtomicU8,
}

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

    /// Claims the closure and runs it to its end, on a thread of this pool.
    pub(crate) fn run(self, pool: PoolId) -> Finish {
        self.job.run(self.lineage, pool)
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
            cancelled: AtomicBool::new(false),
            shown: AtomicU8::new(HIDDEN),
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

    /// The caller has lost interest.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the caller has lost interest.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
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
pub(crate) struct Told {
    pub(crate) waker: Option<Waker>,
    /// What a job leaves that had not begun.
    pub(crate) left: Option<Box<dyn Send>>,
}

/// A job as the pool's threads see it.
pub(crate) trait Runnable: Any + Send + Sync {
    fn header(&self) -> &Header;
    /// Claims the closure and runs it to its end, as a descendant of this lineage,
    /// on a thread of this pool. Never unwinds.
    fn run(self: Arc<Self>, lineage: Lineage, pool: PoolId) -> Finish;
    /// Ends a job that will not, or not in time, run: whoever awaits gets
    /// `error`.
    fn abandon(&self, error: OffloadError) -> Told;
    /// Ends a job that was never admitted, since the pool is shut down: whoever
    /// awaits is told so, and may have the closure back.
    fn refuse(&self) -> Told;
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
    fn abandon(&self, error: OffloadError) -> Told;
}
