//! A job without its types: what the pool's threads and its awaiter see of it.

use std::{
    panic::Location,
    sync::{Arc, OnceLock, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use crate::{
    Lineage, OffloadError,
    sync::{AtomicBool, AtomicU8},
};

/// What the pool reads of a job without knowing its types.
pub(crate) struct Header {
    /// Where the closure was offloaded.
    pub(crate) at: &'static Location<'static>,
    /// Which list of the queue holds the job: the queue's affair, under the
    /// pool's lock.
    pub(crate) list: AtomicU8,
    /// The waits that depend on the job: set once, by its submission.
    lineage: OnceLock<Lineage>,
    /// The caller has lost interest: what [`cancelled`](crate::cancelled) tells
    /// the closure.
    cancelled: AtomicBool,
}

/// Which job this is: its address, for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobId(usize);

impl JobId {
    pub(crate) fn of(job: &Arc<dyn Runnable>) -> Self {
        Self(Arc::as_ptr(job).addr())
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
    /// It had been withdrawn before the claim.
    Withdrawn,
}

impl Header {
    pub(crate) fn new(at: &'static Location<'static>) -> Self {
        Self {
            at,
            list: AtomicU8::new(0),
            lineage: OnceLock::new(),
            cancelled: AtomicBool::new(false),
        }
    }

    /// Notes the waits in force where the job is submitted.
    pub(crate) fn trace(&self) {
        let _once = self.lineage.set(Lineage::current().living());
    }

    /// The waits that depend on the job; none before its submission.
    pub(crate) fn lineage(&self) -> &Lineage {
        self.lineage.get().unwrap_or(Lineage::ROOT)
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

/// A job as the pool's threads see it.
pub(crate) trait Runnable: Send + Sync {
    fn header(&self) -> &Header;
    /// Claims the closure and runs it to its end. Never unwinds.
    fn run(self: Arc<Self>) -> Finish;
    /// Ends a job that will not, or not in time, run: whoever awaits gets
    /// `error`.
    fn abandon(&self, error: OffloadError);
    /// Ends a job that was never admitted, since the pool is shut down: whoever
    /// awaits is told so, and may have the closure back.
    fn refuse(&self);
}

/// A job as the one who awaits it sees it.
pub(crate) trait Awaitable<T>: Send + Sync {
    fn header(&self) -> &Header;
    fn as_runnable(self: Arc<Self>) -> Arc<dyn Runnable>;
    /// `Fresh` to `Waiting`: captures the surroundings of the submission; false
    /// if it was withdrawn before.
    fn prepare(&self, waker: Option<&Waker>) -> bool;
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>>;
    /// Ends the interest in the job. With `keep`, the result of one that is
    /// running can still be awaited. One that had not been claimed is counted
    /// out by `forget`, before anything of the caller's runs, which may panic.
    fn withdraw(&self, keep: bool, forget: &dyn Fn()) -> Withdrawal;
    fn abandon(&self, error: OffloadError);
}
