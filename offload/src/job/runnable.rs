//! The worker's side of a job: a worker claims the closure, runs it and stores the result.
//!
//! Workers and the queue know a job as a [`Runnable`], without its types. The pool also ends
//! a job here that won't run.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    task::Waker,
};

pub(crate) use super::header::Header;
use super::{
    Job,
    caught::{self, drop_caught, drop_payload, report_lost, wake},
    cell::{Stage, claim_detached},
    running,
};
use crate::{
    Ambient, Lineage, OffloadError,
    nesting::lineage::{JobId, PoolId},
    platform::{
        fork::{Forked, OfProcess},
        sync::lock,
    },
    pool::error::Panic,
    thread::{clock::Tick, worker::Worker},
    timing::Recorder,
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
    /// The worker's pool.
    pub(crate) pool: PoolId,
    /// The time of the start, at the resolution of ages.
    pub(crate) tick: Tick,
    /// The recorder of the worker, if the pool measures its jobs.
    pub(crate) recorder: Option<&'a Recorder>,
}

/// The end of a job that a worker took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Finish {
    /// The closure returned.
    Completed,
    /// The closure panicked. Or nobody was left to take the result, and its
    /// destructor panicked.
    Panicked,
    /// The job was withdrawn or abandoned before the worker claimed it. There is nothing to
    /// count.
    Withdrawn,
}

impl Finish {
    /// Returns how a job ended whose closure has this result.
    pub(crate) fn of<T, E>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Completed,
            Err(_) => Self::Panicked,
        }
    }
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
    /// The report about a job that nobody awaits.
    pub(crate) report: Option<Box<dyn FnOnce() + Send>>,
}

impl<F, T, A> Runnable for Job<F, T, A>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn run(self: Arc<Self>, lineage: Lineage, start: Start<'_>) -> Result<Finish, Forked> {
        let timer = self.header.begin(start);
        let mut cell = lock(&self.cell);
        let context = cell.take_context();
        let (closure, ambient) = match mem::replace(&mut cell.stage, Stage::Running) {
            Stage::Waiting(closure, ambient) => {
                drop(cell);
                (closure, ambient)
            }
            other => match claim_detached(cell, other) {
                Some(claimed) => claimed,
                None => return Ok(Finish::Withdrawn),
            },
        };
        let process = OfProcess::new(());
        let installed = lineage.install_for(start.pool, JobId::of(&self));
        let running = running::enter(self);
        let body = AssertUnwindSafe(|| ambient.enter(context.as_ref(), closure));
        let result = catch_unwind(body);
        installed.end(); // before the listeners of the job are dropped, which is user code
        let job = running.leave();
        if let Err(forked) = process.get() {
            mem::forget((result, context)); // the job and its caller belong to the parent
            return Err(forked);
        }
        timer.end();
        let finish = job.finish(result, context);
        if mem::needs_drop::<A>() {
            drop_caught(ambient);
        }
        process.get().map(|&()| finish) // a waker or a destructor may have forked, too
    }

    fn abandon(&self, error: OffloadError) -> DeferredCleanup {
        self.end(error)
    }

    fn refuse(&self, error: OffloadError) -> DeferredCleanup {
        let mut cell = lock(&self.cell);
        let ambient = match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Waiting(closure, ambient) => {
                cell.stage = Stage::Refused(closure);
                ambient
            }
            // Nobody awaits this job, so nobody could take the closure back.
            detached @ Stage::WaitingDetached(..) => {
                cell.stage = detached;
                drop(cell);
                return self.end(error);
            }
            other => {
                cell.stage = other;
                return DeferredCleanup::default();
            }
        };
        let (waker, context) = (cell.waker.take(), cell.take_context());
        drop(cell);
        self.header.cancel();
        DeferredCleanup {
            waker,
            left: Some(Box::new((ambient, context))),
            report: None,
        }
    }
}

impl<F, T, A> Job<F, T, A>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    /// Stores the closure's result, and wakes the caller. Returns how the job ended.
    fn finish(&self, result: std::thread::Result<T>, context: Option<A::Context>) -> Finish {
        let result = result.map_err(|payload| OffloadError::Panicked(Panic::new(payload)));
        let mut finish = Finish::of(&result);
        let mut cell = lock(&self.cell);
        let unawaited = match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Running => {
                self.header.show(finish);
                cell.keep_context(context);
                cell.put(Stage::Done(result));
                None
            }
            Stage::RunningUnawaited => Some((result, context)),
            // A shutdown has abandoned the running job. The caller gets the shutdown's error,
            // and this drops the result.
            other => {
                cell.stage = other;
                Some((result, context))
            }
        };
        let waker = cell.waker.take();
        drop(cell);
        if let Some((unawaited, context)) = unawaited {
            let unawaited = match context {
                None => unawaited,
                Some(context) => caught::drop_context(context, unawaited),
            };
            if let (Err(error), true) = (&unawaited, self.header.is_detached()) {
                report_lost::<A>(&Worker::pool_name(), self.header.at, error);
            }
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(unawaited))) {
                finish = Finish::Panicked;
                drop_payload(payload);
            }
        }
        wake(waker);
        finish
    }

    /// Ends the job with `error`, unless it is over, or runs and nobody awaits it. The
    /// cleanup reports a detached job that has not begun as lost.
    pub(super) fn end(&self, error: OffloadError) -> DeferredCleanup {
        let mut cell = lock(&self.cell);
        let (next, report) = match cell.stage {
            Stage::Fresh(_) | Stage::Waiting(..) | Stage::Running => {
                (Stage::Done(Err(error)), None)
            }
            Stage::WaitingDetached(..) => (Stage::Gone, Some(error)),
            Stage::RunningUnawaited | Stage::Done(_) | Stage::Refused(_) | Stage::Gone => {
                return DeferredCleanup::default();
            }
        };
        let old = mem::replace(&mut cell.stage, next);
        let (waker, context) = (cell.waker.take(), cell.take_context());
        drop(cell);
        self.header.cancel();
        let is_unrun = !matches!(old, Stage::Running);
        let left = is_unrun.then(|| Box::new((old, context)) as Box<dyn Send>);
        let at = self.header.at;
        let report = report.map(|error| {
            let pool = error.pool().cloned().unwrap_or_default();
            Box::new(move || report_lost::<A>(&pool, at, &error)) as Box<dyn FnOnce() + Send>
        });
        DeferredCleanup {
            waker,
            left,
            report,
        }
    }
}
