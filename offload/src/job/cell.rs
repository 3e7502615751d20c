//! What a job is in, under its lock: see [`job`](super) for how it gets from one stage
//! to the next.

use std::{mem, sync::Arc, task::Waker};

use crate::{OffloadError, platform::sync::MutexGuard, pool::handle::Handle};

pub(super) struct Cell<F, T, A> {
    pub(super) stage: Stage<F, T, A>,
    pub(super) waker: Option<Waker>,
}

pub(super) enum Stage<F, T, A> {
    Fresh(F),
    Waiting(F, A),
    /// As `Waiting`, for a job that nobody awaits. It keeps the pool open.
    Unattended(Box<Unattended<F, A>>),
    Running,
    Detached,
    Done(Result<T, OffloadError>),
    /// Shut out while it waited for room in the queue.
    Refused(F),
    Gone,
}

/// What a job holds that nobody awaits.
pub(super) struct Unattended<F, A> {
    pub(super) closure: F,
    pub(super) ambient: A,
    /// Keeps the pool open until the job is claimed.
    pub(super) handle: Arc<Handle>,
}

impl<F, T, A> Cell<F, T, A> {
    /// Puts a stage where an empty one is, and spares the look for what that one holds.
    pub(super) fn put(&mut self, next: Stage<F, T, A>) {
        let empty = mem::replace(&mut self.stage, next);
        debug_assert!(matches!(empty, Stage::Running | Stage::Gone), "not empty");
        mem::forget(empty);
    }
}

/// Claims a job that nobody awaits; `None` if it was withdrawn.
#[cold]
pub(super) fn claim_unattended<F, T, A>(
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
    // If it is the last handle, the pool closes. This job has been claimed, so it runs
    // all the same.
    drop(handle);
    Some((closure, ambient))
}
