//! Whose task is being polled: the one that waits, or one of a `LocalSet`
//! inside the wait?
//!
//! A `LocalSet` may be polled by anything, a wait among them, and Tokio lets its
//! tasks block where no runtime was entered. But a task has an id, and what is
//! polled off a worker is a root, which has none of its own, or a local task. So
//! a wait notes the id it was made under; another one inside, and a budget, are
//! those of a local task.

use std::cell::Cell;

use detect::Mark;
use tokio::task::{self, Id};

thread_local! {
    /// The task that this thread's innermost wait was made in.
    static WAITS: Cell<Option<Id>> = const { Cell::new(None) };
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

/// Whether the poll in progress, which is no worker's, is that of another task
/// than the one whose wait or job is on this stack.
pub(super) fn is_local() -> bool {
    matches!(Mark::current(), Mark::Wait | Mark::Job) && task::try_id() != WAITS.get()
}
