//! The worker's side of a job: a worker claims the closure, runs it and stores the result.
//!
//! The pool also ends a job here that won't run.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::{
    Job,
    ambient::Ambient,
    caught::{self, drop_caught, drop_payload, lost_report, report_lost_inside, wake},
    cell::{Detached, Stage, claim_detached},
    header::{Finish, Header},
    runnable::{DeferredCleanup, Host, Runnable, Start},
    running,
};
use crate::{
    lineage::{JobId, Lineage},
    platform::{
        fork::{Forked, OfProcess},
        sync::lock,
    },
    timing::JobTimer,
    vocabulary::error::{OffloadError, Panic},
};

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
        let recorder = start.on.recorder;
        let timer = recorder.map(|recorder| JobTimer::begin(recorder, self.header.admitted()));
        self.header.begin(start.tick);
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
        let installed = lineage.install_for(start.on.pool, JobId::of(&self));
        let running = running::enter(self);
        let body = AssertUnwindSafe(|| ambient.enter(context.as_ref(), closure));
        let result = catch_unwind(body);
        installed.end(); // before the listeners of the job are dropped, which is user code
        let job = running.leave();
        if job.header.is_listened_to() {
            (start.on.drop_listeners)(&job.header);
        }
        if let Err(forked) = process.get() {
            mem::forget((result, context)); // the job and its caller belong to the parent
            return Err(forked);
        }
        if let Some(timer) = timer {
            timer.end();
        }
        let finish = job.finish(result, &ambient, context, start.on);
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
    fn finish(
        &self,
        result: std::thread::Result<T>,
        ambient: &A,
        context: Option<A::Context>,
        on: &Host<'_>,
    ) -> Finish {
        let result =
            result.map_err(|payload| OffloadError::Panicked(Panic::new(payload, self.header.at)));
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
            let tell = |unawaited: &Result<T, OffloadError>, context: Option<&A::Context>| {
                if let (Err(error), true) = (unawaited, self.header.is_detached()) {
                    report_lost_inside((ambient, context), on.name, self.header.at, error);
                }
            };
            tell(&unawaited, context.as_ref());
            let unawaited = match context {
                None => unawaited,
                Some(context) => {
                    let was_told = unawaited.is_err();
                    let unawaited = caught::drop_context(context, unawaited, self.header.at);
                    if !was_told {
                        tell(&unawaited, None);
                    }
                    unawaited
                }
            };
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
            Stage::Waiting(..) | Stage::Running => (Stage::Done(Err(error)), None),
            Stage::WaitingDetached(..) => (Stage::Gone, Some(error)),
            // `Fresh` does not come here, because the pool ends only jobs that were submitted.
            Stage::Fresh(_)
            | Stage::RunningUnawaited
            | Stage::Done(_)
            | Stage::Refused(_)
            | Stage::Gone => {
                return DeferredCleanup::default();
            }
        };
        let old = mem::replace(&mut cell.stage, next);
        let (waker, context) = (cell.waker.take(), cell.take_context());
        drop(cell);
        self.header.cancel();
        let mut cleanup = DeferredCleanup {
            waker,
            left: None,
            report: None,
        };
        match (old, report) {
            (Stage::Running, _) => {}
            (Stage::WaitingDetached(detached), Some(error)) => {
                let Detached {
                    closure,
                    ambient,
                    handle,
                } = *detached;
                cleanup.left = Some(Box::new((closure, handle)));
                cleanup.report = Some(lost_report(ambient, context, self.header.at, error));
            }
            (old, _) => cleanup.left = Some(Box::new((old, context))),
        }
        cleanup
    }
}
