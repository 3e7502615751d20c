//! The caller's side of a job: it submits the job, polls for the result, and may leave.
//!
//! [`Offload`](crate::Offload) knows a job as an [`Awaitable`], with the type of its result
//! and without the type of its closure.

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::{
    Job,
    ambient::{Ambient, Config},
    caught::{self, drop_caught, report_lost, wake},
    cell::{Detached, KeepsOpen, Stage},
    header::Header,
    runnable::{DeferredCleanup, Runnable},
};
use crate::{
    lineage::Lineage,
    platform::sync::{lock, unshared},
    vocabulary::{error::OffloadError, name::PoolName},
};

/// A job as its caller sees it.
pub(crate) trait Awaitable<T>: Send + Sync {
    fn header(&self) -> &Header;
    fn as_runnable(self: Arc<Self>) -> Arc<dyn Runnable>;
    /// Moves the job from `Fresh` to `Waiting`, and returns its lineage.
    ///
    /// This captures the ambient, and the context by `config`. If that code of the user's
    /// panics, the job stays `Fresh`. Returns `None` if the job was cancelled before.
    ///
    /// Nobody else knows the job yet, so this takes no lock.
    fn prepare(&mut self, waker: Option<&Waker>, config: &Config) -> Option<Lineage>;
    /// Polls for the result, and keeps the waker if there is none yet. The error of a
    /// refused job does not name the pool: the caller adds the name.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>>;
    /// Returns whether a poll would give the result, or would have given it.
    fn is_over(&self) -> bool;
    /// Takes the waker back from a job whose caller is about to poll again.
    fn take_waker(&self) -> Option<Waker>;
    /// Withdraws the job, or flags a running job as cancelled.
    ///
    /// `tell_pool` learns what the caller came upon. That comes before the waker and the
    /// destructors, because these may panic.
    fn withdraw(&self, leave: Leave, tell_pool: &dyn Fn(Withdrawal)) -> Withdrawal;
    /// Lets a submitted job of `pool` run although nobody awaits it. The header already says that
    /// the job is detached. A job that has not begun keeps `handle` until a worker claims it.
    fn detach(&self, handle: KeepsOpen, pool: &PoolName);
    /// See [`Runnable::abandon`].
    fn abandon(&self, error: OffloadError) -> DeferredCleanup;
}

/// The way in which a caller leaves its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// The caller drops its future, so nobody takes the result.
    ByDrop,
    /// The caller cancels the job, and may still await its result.
    ByCancel,
}

/// The state in which a caller found its job when it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Withdrawal {
    /// No worker had claimed the closure, and it will never run.
    Withdrawn,
    /// A worker runs the closure, and goes on.
    Running,
    /// The job was over.
    Over,
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

    fn prepare(&mut self, waker: Option<&Waker>, config: &Config) -> Option<Lineage> {
        let context = A::context(config);
        let ambient = A::capture();
        let waker = waker.cloned();
        let cell = unshared(&mut self.cell);
        match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Fresh(closure) => cell.put(Stage::Waiting(closure, ambient)),
            other => {
                cell.stage = other;
                return None;
            }
        }
        cell.keep_submission(context, waker);
        Some(Lineage::current().living())
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>> {
        let mut cell = lock(&self.cell);
        if let Stage::Done(_) = cell.stage {
            let Stage::Done(result) = mem::replace(&mut cell.stage, Stage::Gone) else {
                unreachable!("the stage was `Done` a line above, under this lock")
            };
            let context = cell.take_context();
            drop(cell);
            return Poll::Ready(match context {
                None => result,
                Some(context) => caught::drop_context(context, result, self.header.at),
            });
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
        // To clone or drop a waker runs user code, so the lock is released. The job may end
        // meanwhile, so its stage is checked again.
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
        self.poll(cx)
    }

    fn is_over(&self) -> bool {
        matches!(
            lock(&self.cell).stage,
            Stage::Done(_) | Stage::Refused(_) | Stage::Gone
        )
    }

    fn take_waker(&self) -> Option<Waker> {
        lock(&self.cell).waker.take()
    }

    fn withdraw(&self, leave: Leave, tell_pool: &dyn Fn(Withdrawal)) -> Withdrawal {
        let keeps_result = leave == Leave::ByCancel;
        let mut cell = lock(&self.cell);
        // Under the lock, because a closure that sees the flag may end at once. The caller
        // must still hear that it came upon a running closure.
        match leave {
            Leave::ByDrop => self.header.leave(),
            Leave::ByCancel => self.header.cancel(),
        }
        let (next, withdrawal) = match cell.stage {
            Stage::Fresh(_) | Stage::Waiting(..) => (
                if keeps_result {
                    Stage::Done(Err(OffloadError::Cancelled { at: self.header.at }))
                } else {
                    Stage::Gone
                },
                Withdrawal::Withdrawn,
            ),
            Stage::Running if keeps_result => (Stage::Running, Withdrawal::Running),
            Stage::Running => (Stage::RunningUnawaited, Withdrawal::Running),
            Stage::Done(_) | Stage::Refused(_) if keeps_result => return Withdrawal::Over,
            Stage::Done(_) | Stage::Refused(_) => (Stage::Gone, Withdrawal::Over),
            Stage::RunningUnawaited | Stage::WaitingDetached(..) | Stage::Gone => {
                return Withdrawal::Over;
            }
        };
        let old = mem::replace(&mut cell.stage, next);
        // A caller that cancels a running job may still await it, so its waker stays.
        let mut waker = if keeps_result && withdrawal == Withdrawal::Running {
            None
        } else {
            cell.waker.take()
        };
        let context = cell.take_context();
        drop(cell);
        tell_pool(withdrawal);
        if keeps_result {
            wake(waker.take());
        }
        drop((old, context, waker));
        withdrawal
    }

    fn detach(&self, handle: KeepsOpen, pool: &PoolName) {
        let mut cell = lock(&self.cell);
        let over = match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Waiting(closure, ambient) => {
                cell.put(Stage::WaitingDetached(Box::new(Detached {
                    closure,
                    ambient,
                    handle,
                })));
                None
            }
            Stage::Running => {
                cell.stage = Stage::RunningUnawaited;
                None
            }
            // The pool was closed before it admitted the job. `Fresh` does not come here,
            // because the caller submits a job before it detaches it.
            refused @ (Stage::Refused(_) | Stage::Fresh(_)) => {
                let error = OffloadError::shut_down(self.header.at, Some(pool));
                Some((refused, Some(error)))
            }
            Stage::Done(Err(error)) => Some((Stage::Gone, Some(error))),
            other => Some((other, None)),
        };
        let context = over.as_ref().and_then(|_over| cell.take_context());
        let waker = cell.waker.take();
        drop(cell);
        drop(waker);
        let Some((left, lost)) = over else { return };
        // A caller that has cancelled the job knows that it does not run.
        if let Some(error) = &lost
            && !matches!(error, OffloadError::Cancelled { .. })
        {
            report_lost::<A>(pool, self.header.at, error);
        }
        // A worker catches the panics of these destructors if the job ends after it was
        // detached. So they are caught here too.
        drop_caught(lost);
        drop_caught(left);
        drop_caught(context);
    }

    fn abandon(&self, error: OffloadError) -> DeferredCleanup {
        self.end(error)
    }
}
