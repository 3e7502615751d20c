//! Remembers which task waits on this thread, and tells it from another task inside the
//! wait.
//!
//! This is no experiment on Tokio, but memory that `bridge` writes: by [`note`] before a
//! wait, and by [`note_hand_over`] when the wait hands its worker over.
//!
//! A wait may poll a `LocalSet`. Tokio lets the tasks of such a set block where no
//! runtime was entered, although blocking stops the whole set. Task ids tell these
//! tasks apart. A wait notes the id of the task that it is made in. Outside a worker,
//! code inside the wait is either a root, which has no id of its own, or a task of a
//! local set, which has another id.
//!
//! # Corner cases
//!
//! A `JoinHandle` that drops a task's output inside a `block_on` shows another id
//! too, and that destructor may wait. Outside a worker,
//! `probe::blocking` tells the two apart.

use std::{cell::Cell, marker::PhantomData};

use tokio::task::{self, Id};

use crate::ThreadTag;

thread_local! {
    /// The task in which this thread's innermost wait was made.
    static WAITING: Cell<Option<Id>> = const { Cell::new(None) };
    /// The last task whose wait handed over this thread's worker.
    static HANDED_OVER: Cell<Option<Id>> = const { Cell::new(None) };
}

/// Restores, when it drops, the task that was noted before. [`note`] makes it.
#[derive(Debug)]
#[must_use = "the task is noted only until the guard drops"]
pub struct TaskIdGuard {
    is_task: bool,
    before: Option<Id>,
    /// Keeps the guard on this thread, whose note it restores.
    here: PhantomData<*const ()>,
}

/// Notes the task that waits here, if a task does.
#[inline]
pub fn note() -> TaskIdGuard {
    let id = task::try_id();
    TaskIdGuard {
        is_task: id.is_some(),
        before: id.and_then(|id| WAITING.replace(Some(id))),
        here: PhantomData,
    }
}

impl Drop for TaskIdGuard {
    #[inline]
    fn drop(&mut self) {
        if self.is_task {
            WAITING.set(self.before);
        }
    }
}

/// Returns whether the task that is polled here is not the one that was noted. If no
/// task was noted, every task is another.
#[must_use]
pub fn is_other() -> bool {
    task::try_id() != WAITING.get()
}

/// Returns whether this worker polls a task inside a wait or a job that was made in
/// another task.
///
/// That task belongs to a `LocalSet` inside the wait or the job, or it owned an output
/// that a `block_on` in there drops.
#[must_use]
pub fn is_local() -> bool {
    matches!(ThreadTag::current(), ThreadTag::Wait | ThreadTag::Job) && is_other()
}

/// Notes that the task which waits here has handed its worker over.
pub fn note_hand_over() {
    HANDED_OVER.set(task::try_id());
}

/// Returns whether the task that is polled here has handed over this thread's worker.
///
/// If so, the worker is without its core for a known reason.
#[must_use]
pub fn has_handed_over() -> bool {
    HANDED_OVER.get() == task::try_id()
}
