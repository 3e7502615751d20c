//! The stage of a job, and what the job holds in that stage.
//!
//! [`job`](super) shows how a job gets from one stage to the next.

use std::{mem, sync::Arc, task::Waker};

use super::{ambient::Ambient, caught::drop_caught};
use crate::{platform::sync::MutexGuard, vocabulary::error::OffloadError};

/// The part of a job that its lock protects.
pub(super) struct Cell<F, T, A: Ambient> {
    pub(super) stage: Stage<F, T, A>,
    /// The context of a submitted job, or of a result. A running job holds it elsewhere.
    pub(super) context: Option<A::Context>,
    pub(super) waker: Option<Waker>,
}

/// The stage of a job. DESIGN.md has a table of the stages, with who moves them on.
pub(super) enum Stage<F, T, A> {
    /// The job was not submitted.
    Fresh(F),
    /// The job is in the queue or in the backlog.
    Waiting(F, A),
    /// The job waits, and its caller has detached it.
    WaitingDetached(Box<Detached<F, A>>),
    Running,
    /// The job runs, and its caller has dropped or detached it.
    RunningUnawaited,
    Done(Result<T, OffloadError>),
    /// The pool was closed while the job was in the backlog.
    Refused(F),
    /// Nothing is left of the job.
    Gone,
}

/// A handle to the pool, which stays open as long as a handle lives.
///
/// A job only drops it, so it need not know the type. Dropping a handle that is not the last
/// one calls nothing.
pub(crate) type KeepsOpen = Arc<dyn Send + Sync>;

/// The content of a job that waits, and that its caller has detached.
pub(super) struct Detached<F, A> {
    pub(super) closure: F,
    pub(super) ambient: A,
    /// Keeps the pool open until the job is claimed.
    pub(super) handle: KeepsOpen,
}

impl<F, T, A: Ambient> Cell<F, T, A> {
    pub(super) fn new(stage: Stage<F, T, A>) -> Self {
        Self {
            stage,
            context: None,
            waker: None,
        }
    }

    /// Keeps what a submission has captured, and the waker of its caller.
    #[inline]
    pub(super) fn keep_submission(&mut self, context: Option<A::Context>, waker: Option<Waker>) {
        self.waker = waker;
        self.keep_context(context);
    }

    /// Keeps a context until a worker runs the job, or until the caller takes the result.
    #[inline]
    pub(super) fn keep_context(&mut self, context: Option<A::Context>) {
        if context.is_some() {
            self.context = context;
        }
    }

    /// Takes the closure out, if no worker has claimed it and it is still there. A waiting
    /// job has an ambient too.
    pub(super) fn reclaim(&mut self) -> Option<(F, Option<A>)> {
        match mem::replace(&mut self.stage, Stage::Gone) {
            Stage::Waiting(closure, ambient) => Some((closure, Some(ambient))),
            Stage::Fresh(closure) | Stage::Refused(closure) => Some((closure, None)),
            other => {
                self.stage = other;
                None
            }
        }
    }

    /// Takes the context out. If there is none, this copies nothing.
    pub(super) fn take_context(&mut self) -> Option<A::Context> {
        if self.context.is_some() {
            self.context.take()
        } else {
            None
        }
    }

    /// Replaces a stage that holds nothing. So it need not check what to drop.
    pub(super) fn put(&mut self, next: Stage<F, T, A>) {
        let empty = mem::replace(&mut self.stage, next);
        debug_assert!(matches!(empty, Stage::Running | Stage::Gone), "not empty");
        mem::forget(empty);
    }
}

/// Claims a detached job, which was at `stage` until just now. Returns `None` if the job is
/// at any other stage, because it was withdrawn or abandoned.
#[cold]
pub(super) fn claim_detached<F, T, A: Ambient>(
    mut cell: MutexGuard<'_, Cell<F, T, A>>,
    stage: Stage<F, T, A>,
) -> Option<(F, A)> {
    let Stage::WaitingDetached(detached) = stage else {
        cell.put(stage);
        return None;
    };
    cell.put(Stage::RunningUnawaited);
    drop(cell);
    let Detached {
        closure,
        ambient,
        handle,
    } = *detached;
    // The last handle closes the pool. This job runs all the same, because this worker has
    // claimed it.
    drop_caught(handle);
    Some((closure, ambient))
}
