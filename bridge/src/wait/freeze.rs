//! Whether a wait may freeze the executor of this thread because of a wait around it.

use std::cell::Cell;

use tokio::task::{self, Id};

thread_local! {
    /// The poll in which the innermost wait that may freeze its executor was made.
    static ALLOWED: Cell<Option<InPoll>> = const { Cell::new(None) };
}

/// A poll, known by the id of its task. A root has no id.
#[derive(Clone, Copy, PartialEq, Eq)]
struct InPoll(Option<Id>);

impl InPoll {
    fn current() -> Self {
        Self(task::try_id())
    }
}

/// Returns whether a wait that may freeze the executor of this thread is open in the
/// current poll.
///
/// This includes a job that the pool lends to the frozen wait. The job can't leave the
/// frozen poll either, and the poll goes on only after the job.
#[inline]
pub(super) fn is_allowed_here() -> bool {
    ALLOWED.get().is_some_and(|poll| poll == InPoll::current())
}

/// Restores, when it drops, what was allowed before. [`allow`] makes it.
pub(super) struct FreezeGuard(Option<InPoll>);

/// Until the guard drops, waits in the current poll may freeze the executor of this thread.
#[cold]
pub(super) fn allow() -> FreezeGuard {
    FreezeGuard(ALLOWED.replace(Some(InPoll::current())))
}

impl Drop for FreezeGuard {
    fn drop(&mut self) {
        ALLOWED.set(self.0);
    }
}
