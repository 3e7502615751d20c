//! The stage of a job, and what the job holds in that stage.
//!
//! [`job`](super) shows how a job gets from one stage to the next.

use std::{mem, sync::Arc, task::Waker};

use super::caught::drop_caught;
use crate::{Ambient, OffloadError, platform::sync::MutexGuard, pool::handle::Handle};

/// The part of a job that its lock protects.
pub(super) struct Cell<F, T, A: Ambient> {
    pub(super) stage: Stage<F, T, A>,
    /// The context of a job that was submitted. It is not here while the job runs.
    pub(super) context: Option<A::Context>,
    pub(super) waker: Option<Waker>,
}

/// The stage of a job. DESIGN.md has a table of them.
pub(super) enum Stage<F, T, A> {
    Fresh(F),
    Waiting(F, A),
    /// A queued job that nobody awaits. It keeps the pool open.
    Unattended(Box<Unattended<F, A>>),
    Running,
    Detached,
    Done(Result<T, OffloadError>),
    /// The pool was closed while the job was in the backlog.
    Refused(F),
    Gone,
}

/// The content of a queued job that nobody awaits.
pub(super) struct Unattended<F, A> {
    pub(super) closure: F,
    pub(super) ambient: A,
    /// Keeps the pool open until the job is claimed.
    pub(super) handle: Arc<Handle>,
}

impl<F, T, A: Ambient> Cell<F, T, A> {
    pub(super) fn new(stage: Stage<F, T, A>) -> Self {
        Self {
            stage,
            context: None,
            waker: None,
        }
    }

    /// Keeps what a submission has captured.
    #[inline]
    pub(super) fn keep(&mut self, context: Option<A::Context>, waker: Option<Waker>) {
        self.waker = waker;
        self.keep_context(context);
    }

    /// Keeps the context of a job that waits, or of one whose caller is about to drop it.
    #[inline]
    pub(super) fn keep_context(&mut self, context: Option<A::Context>) {
        if context.is_some() {
            self.context = context;
        }
    }

    /// Takes the closure out, if no worker has claimed it and it is still there. A job that
    /// waits has an ambient too.
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

    /// Takes the context out. This spares the copy if there is none.
    pub(super) fn take_context(&mut self) -> Option<A::Context> {
        if self.context.is_some() {
            self.context.take()
        } else {
            None
        }
    }

    /// Replaces a stage that holds nothing. This spares the check for what to drop.
    pub(super) fn put(&mut self, next: Stage<F, T, A>) {
        let empty = mem::replace(&mut self.stage, next);
        debug_assert!(matches!(empty, Stage::Running | Stage::Gone), "not empty");
        mem::forget(empty);
    }
}

/// Claims a job that nobody awaits. Returns `None` if the job was withdrawn.
#[cold]
pub(super) fn claim_unattended<F, T, A: Ambient>(
    mut cell: MutexGuard<'_, Cell<F, T, A>>,
    stage: Stage<F, T, A>,
) -> Option<(F, A)> {
    let Stage::Unattended(unattended) = stage else {
        cell.put(stage);
        return None;
    };
    cell.put(Stage::Detached);
    drop(cell);
    let Unattended {
        closure,
        ambient,
        handle,
    } = *unattended;
    // The last handle closes the pool. This job runs all the same, because it has been
    // claimed.
    drop_caught(handle);
    Some((closure, ambient))
}
