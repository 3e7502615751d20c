//! A job: one allocation for the closure, then its result, and its caller's waker.
//!
//! The stage of a job says what the job holds. It changes under the job's own lock:
//!
//! ```text
//! Fresh ──submit──▶ Waiting ──claim──▶ Running ──finish──▶ Done ──take──▶ Gone
//!   │                  │ │                │ leave, detach
//!   └──── withdraw ────┤ │                └──▶ Detached ──finish──▶ Gone
//!                      │ └─detach─▶ Unattended ──claim──▶ Detached
//!                      ├─▶ Gone
//!                      └─refuse─▶ Refused
//! ```
//!
//! `claim` and `withdraw` both take the closure out of `Waiting`, and only one of them
//! gets it. So a job runs once, or its caller is told that it did not. `finish` and
//! `poll` take the same lock, so either the poll finds the result or `finish` finds the
//! waker. No user code (the closure, a destructor, a waker) runs under the lock.
//!
//! The diagram leaves out `abandon`, for a shutdown or a pool without a thread. It moves
//! a job that has a caller to `Done` with an error, and an `Unattended` job to `Gone`.

pub(crate) mod cancellation;
pub(crate) mod caught;
mod cell;
pub(crate) mod eager;
mod in_place;
pub mod large;
pub(crate) mod listeners;
pub mod own_future;
pub(crate) mod runnable;
pub(crate) mod running;
pub(crate) mod task;

use std::{
    mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::Arc,
    task::{Context, Poll, Waker},
};

pub(crate) use self::caught::{drop_caught, drop_payload, wake};
use self::{
    caught::report_lost,
    cell::{Cell, Stage, Unattended, claim_unattended},
    runnable::{Awaitable, DeferredCleanup, Finish, Header, Runnable, Withdrawal},
};
use crate::{
    Ambient, Config, Lineage, OffloadError,
    nesting::lineage::JobId,
    platform::{
        fork::{Forked, OfProcess},
        sync::{Mutex, lock},
    },
    pool::{error::Panic, handle::Handle},
    timing::Start,
};

pub(crate) struct Job<F, T, A: Ambient> {
    header: Header,
    cell: Mutex<Cell<F, T, A>>,
}

impl<F, T, A> Job<F, T, A>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    /// Returns a job that has not been submitted.
    pub(crate) fn new(closure: F, at: &'static Location<'static>) -> Arc<Self> {
        Self::at_stage(Stage::Fresh(closure), at)
    }

    /// Returns a job that is about to be submitted, and its lineage.
    pub(crate) fn prepared(
        closure: F,
        at: &'static Location<'static>,
        config: &Config,
    ) -> (Arc<Self>, Lineage) {
        let job = Self::at_stage(Stage::Waiting(closure, A::capture()), at);
        if let context @ Some(_) = A::context(config) {
            lock(&job.cell).context = context;
        }
        (job, Lineage::current().living())
    }

    fn at_stage(stage: Stage<F, T, A>, at: &'static Location<'static>) -> Arc<Self> {
        in_place::arc(|| Self {
            header: Header::new(at),
            cell: Mutex::new(Cell::new(stage)),
        })
    }

    /// Takes the closure back, if no worker has claimed it and it is still there.
    pub(crate) fn reclaim(&self) -> Option<F> {
        let mut cell = lock(&self.cell);
        let (closure, ambient) = cell.reclaim()?;
        // No destructor of the user's stays in the job: it may be dropped under a lock.
        let (waker, context) = (cell.waker.take(), cell.take_context());
        drop(cell);
        drop((ambient, context, waker));
        Some(closure)
    }

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
            Stage::Detached => Some((result, context)),
            // A shutdown has abandoned the running job. Its caller gets that error, and the
            // result is dropped.
            other => {
                cell.stage = other;
                Some((result, context))
            }
        };
        let waker = cell.waker.take();
        drop(cell);
        if let Some((unawaited, context)) = unawaited {
            let unawaited = caught::after(context, unawaited);
            if let (Err(error), true) = (&unawaited, self.header.is_detached()) {
                report_lost::<A>(self.header.at, error);
            }
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(unawaited))) {
                finish = Finish::Panicked;
                drop_payload(payload);
            }
        }
        wake(waker);
        finish
    }

    fn poll_cell(&self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>> {
        let mut cell = lock(&self.cell);
        if let Stage::Done(_) = cell.stage {
            let Stage::Done(result) = mem::replace(&mut cell.stage, Stage::Gone) else {
                unreachable!("the stage was `Done` a line above, under this lock")
            };
            let context = cell.take_context();
            drop(cell);
            return Poll::Ready(caught::after(context, result));
        }
        if let Stage::Refused(_) = cell.stage {
            // The closure stays, because the caller may take it back.
            return Poll::Ready(Err(OffloadError::shut_down(self.header.at, None)));
        }
        assert!(
            !matches!(cell.stage, Stage::Gone),
            "an offload was polled after it had ended"
        );
        if cell
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            return Poll::Pending;
        }
        // To clone or drop a waker runs user code, so the lock is released. The job
        // may end meanwhile, so the stage is checked once more.
        drop(cell);
        let mut waker = Some(cx.waker().clone());
        let mut cell = lock(&self.cell);
        if !matches!(cell.stage, Stage::Done(_) | Stage::Refused(_)) {
            mem::swap(&mut cell.waker, &mut waker);
            drop(cell);
            drop(waker);
            return Poll::Pending;
        }
        drop(cell);
        self.poll_cell(cx)
    }

    /// Ends the job with `error`, unless it is over, or runs and nobody awaits it. A
    /// detached job that has not begun is reported as lost.
    fn end(&self, error: OffloadError) -> DeferredCleanup {
        let mut cell = lock(&self.cell);
        let (next, report) = match cell.stage {
            Stage::Fresh(_) | Stage::Waiting(..) | Stage::Running => {
                (Stage::Done(Err(error)), None)
            }
            Stage::Unattended(..) => (Stage::Gone, Some(error)),
            Stage::Detached | Stage::Done(_) | Stage::Refused(_) | Stage::Gone => {
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
            Box::new(move || report_lost::<A>(at, &error)) as Box<dyn FnOnce() + Send>
        });
        DeferredCleanup {
            waker,
            left,
            report,
        }
    }
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
            other => match claim_unattended(cell, other) {
                Some(claimed) => claimed,
                None => return Ok(Finish::Withdrawn),
            },
        };
        let process = OfProcess::new(());
        let id = JobId::of(&self);
        let (job, (result, ambient, context)) = running::in_name_of(self, || {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let _lineage = lineage.install_for(start.pool, id);
                ambient.enter(context.as_ref(), closure)
            }));
            (result, ambient, context)
        });
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
            unattended @ Stage::Unattended(..) => {
                cell.stage = unattended;
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

impl<F, T, A> Awaitable<T> for Job<F, T, A>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn as_runnable(self: Arc<Self>) -> Arc<dyn Runnable> {
        self
    }

    fn prepare(&self, waker: Option<&Waker>, config: &Config) -> Option<Lineage> {
        let context = A::context(config);
        let ambient = A::capture();
        let waker = waker.cloned();
        let mut cell = lock(&self.cell);
        match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Fresh(closure) => cell.put(Stage::Waiting(closure, ambient)),
            other => {
                cell.stage = other;
                return None;
            }
        }
        cell.keep(context, waker);
        drop(cell);
        Some(Lineage::current().living())
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>> {
        self.poll_cell(cx)
    }

    fn withdraw(&self, keep: bool, forget: &dyn Fn()) -> Withdrawal {
        self.header.cancel();
        let mut cell = lock(&self.cell);
        let (next, withdrawal) = match cell.stage {
            Stage::Fresh(_) | Stage::Waiting(..) => (
                if keep {
                    Stage::Done(Err(OffloadError::Cancelled { at: self.header.at }))
                } else {
                    Stage::Gone
                },
                Withdrawal::Withdrawn,
            ),
            Stage::Running if keep => (Stage::Running, Withdrawal::Running),
            Stage::Running => (Stage::Detached, Withdrawal::Running),
            Stage::Done(_) | Stage::Refused(_) if keep => return Withdrawal::Over,
            Stage::Done(_) | Stage::Refused(_) => (Stage::Gone, Withdrawal::Over),
            Stage::Detached | Stage::Unattended(..) | Stage::Gone => return Withdrawal::Over,
        };
        let old = mem::replace(&mut cell.stage, next);
        // With `keep`, the caller of a running job is woken when that job ends.
        let waker = (!keep || withdrawal == Withdrawal::Withdrawn).then(|| cell.waker.take());
        let context = cell.take_context();
        drop(cell);
        if withdrawal == Withdrawal::Withdrawn {
            forget();
        }
        if keep {
            wake(waker.flatten());
        }
        drop((old, context));
        withdrawal
    }

    fn detach(&self, handle: Arc<Handle>) {
        self.header.detach();
        let mut cell = lock(&self.cell);
        let over = match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Waiting(closure, ambient) => {
                cell.put(Stage::Unattended(Box::new(Unattended {
                    closure,
                    ambient,
                    handle,
                })));
                None
            }
            Stage::Running => {
                cell.stage = Stage::Detached;
                None
            }
            // The pool was closed before it admitted the job.
            refused @ (Stage::Refused(_) | Stage::Fresh(_)) => {
                let error = OffloadError::shut_down(self.header.at, Some(&handle.name));
                Some((refused, Some(error)))
            }
            Stage::Done(Err(error)) => Some((Stage::Gone, Some(error))),
            other => Some((other, None)),
        };
        let context = over.as_ref().and_then(|_over| cell.take_context());
        let waker = cell.waker.take();
        drop(cell);
        drop(waker);
        let Some((left, error)) = over else { return };
        // A caller that has cancelled the job knows that it does not run.
        if let Some(error) = error.filter(|error| !matches!(error, OffloadError::Cancelled { .. }))
        {
            report_lost::<A>(self.header.at, &error);
        }
        // The result may be here already. Panics of destructors are caught, as if it came later.
        drop_caught(left);
        drop_caught(context);
    }

    fn abandon(&self, error: OffloadError) -> DeferredCleanup {
        self.end(error)
    }
}
