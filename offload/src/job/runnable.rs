//! A job as workers and the queue know it: a [`Runnable`], without the job's types.

use std::{any::Any, sync::Arc, task::Waker};

use super::header::{Finish, Header};
use crate::{
    lineage::{Lineage, PoolId},
    platform::fork::Forked,
    thread::clock::Tick,
    timing::Recorder,
    vocabulary::{error::OffloadError, name::PoolName},
};

/// A job as workers see it.
pub(crate) trait Runnable: Any + Send + Sync {
    fn header(&self) -> &Header;
    /// Claims the closure and runs it on this worker, below `lineage`. The call never
    /// unwinds. If the closure has forked, the call returns [`Forked`] in the child.
    fn run(self: Arc<Self>, lineage: Lineage, start: Start<'_>) -> Result<Finish, Forked>;
    /// Ends a job that won't run, or won't end in time. Its caller gets `error`.
    fn abandon(&self, error: OffloadError) -> DeferredCleanup;
    /// Ends a job that was never admitted, because the pool is closed. Its caller is
    /// told, and may take the closure back. `error` goes to the report about a detached job.
    fn refuse(&self, error: OffloadError) -> DeferredCleanup;
}

/// A job that has been submitted and has not run.
pub(crate) struct Submitted {
    pub(crate) job: Arc<dyn Runnable>,
    /// The jobs and waits that it descends from.
    pub(crate) lineage: Lineage,
}

impl Submitted {
    pub(crate) fn header(&self) -> &Header {
        self.job.header()
    }

    /// Claims the closure and runs it on this worker: see [`Runnable::run`].
    pub(crate) fn run(self, start: Start<'_>) -> Result<Finish, Forked> {
        self.job.run(self.lineage, start)
    }
}

/// The start of a job on a worker.
#[derive(Clone, Copy)]
pub(crate) struct Start<'a> {
    /// The worker.
    pub(crate) on: &'a Host<'a>,
    /// The time of the start, at the resolution of ages.
    pub(crate) tick: Tick,
}

/// The facts about the worker and its pool that a job needs.
pub(crate) struct Host<'a> {
    pub(crate) pool: PoolId,
    /// The name of the pool.
    pub(crate) name: &'a PoolName,
    /// The recorder of the worker, if the pool measures its jobs.
    pub(crate) recorder: Option<&'a Recorder>,
    /// Drops the listeners of a job whose closure has returned on this worker. The table of
    /// listeners knows jobs, so a job does not know the table.
    pub(crate) drop_listeners: fn(&Header),
}

/// The rest of the work for a job that won't run, or won't end in time.
///
/// The caller can see the error already. The rest runs user code, which may wait for another
/// job that ends together with this one. So the rest comes after all callers were told.
#[derive(Default)]
#[must_use]
pub(crate) struct DeferredCleanup {
    pub(crate) waker: Option<Waker>,
    /// The ambient and the context of a job that had not begun, and its closure unless the
    /// caller may take that back.
    pub(crate) left: Option<Box<dyn Send>>,
    /// The report about a job that nobody awaits. It holds the job's ambient and context.
    pub(crate) report: Option<Box<dyn FnOnce() + Send>>,
}
