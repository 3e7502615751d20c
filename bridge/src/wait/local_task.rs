//! Whose task is being polled: the one that waits, or one of a `LocalSet`
//! inside the wait?
//!
//! A `LocalSet` may be polled by anything, a wait among them, and Tokio lets its
//! tasks block where no runtime was entered. But a task has an id, and what is
//! polled off a worker is a root, which has none of its own, or a local task. So
//! a wait notes the id it was made under; another one inside, and a budget, are
//! those of a local task; or of one whose output a `block_on` inside drops, and
//! that may wait. Off a worker, Tokio tells the two apart.

use std::cell::Cell;

use detect::Mark;
use tokio::task::{self, Id};

thread_local! {
    /// The task that this thread's innermost wait was made in.
    static WAITS: Cell<Option<Id>> = const { Cell::new(None) };
    /// The task whose wait last handed over the worker that this thread is.
    static HANDED_OVER: Cell<Option<Id>> = const { Cell::new(None) };
}

/// In force until it is dropped.
pub(super) struct Noted {
    is_task: bool,
    before: Option<Id>,
}

/// Notes the task that waits here. Where there is none, none was noted before.
#[inline]
pub(super) fn note() -> Noted {
    let id = task::try_id();
    Noted {
        is_task: id.is_some(),
        before: id.and_then(|id| WAITS.replace(Some(id))),
    }
}

impl Drop for Noted {
    #[inline]
    fn drop(&mut self) {
        if self.is_task {
            WAITS.set(self.before);
        }
    }
}

/// Whether this is under another task's id than that of the wait around it, if
/// there is one.
pub(super) fn is_other() -> bool {
    task::try_id() != WAITS.get()
}

/// Whether the poll in progress is that of another task than the one whose wait
/// or job is on this stack. On a worker outside these, any task is another.
pub(super) fn is_local() -> bool {
    matches!(Mark::current(), Mark::Wait | Mark::Job) && is_other()
}

/// Notes that the task which waits here has handed its worker over.
pub(super) fn note_hand_over() {
    HANDED_OVER.set(task::try_id());
}

/// Whether the task in progress has done so on this thread, perhaps in this very
/// poll, so that it is no wonder that the worker is without its core.
pub(super) fn has_handed_over() -> bool {
    HANDED_OVER.get() == task::try_id()
}
