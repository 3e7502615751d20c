//! Whether a wait may freeze the executor of this thread because of a wait around it.

use std::cell::Cell;

use detect::{Place, probe::blocking::block_if_allowed};
use tokio::task::{self, Id};

thread_local! {
    /// The poll that the innermost wait freezes which may do so.
    static ALLOWED: Cell<Option<InPoll>> = const { Cell::new(None) };
}

/// A poll, known by its task and by the place of its thread. A root has no task of its own.
#[derive(Clone, Copy)]
struct InPoll {
    task: Option<Id>,
    place: Place,
}

impl InPoll {
    fn current() -> Self {
        Self {
            task: task::try_id(),
            place: Place::current(),
        }
    }

    /// Returns whether this thread is in this poll, and not in another poll inside it.
    ///
    /// A task inside it has another id. The root of a runtime inside it shows a place that is not
    /// that of this poll, because Tokio lets no thread enter a runtime in a poll of Tokio's.
    fn is_here(self) -> bool {
        let here = Self::current();
        let shows_poll = matches!(here.place, Place::Worker(_) | Place::Root);
        here.task == self.task && (!shows_poll || here.place == self.place)
    }
}

/// Returns whether a wait that freezes the executor of this thread is open in the current
/// poll.
///
/// This includes a job that the pool lends to the frozen wait. The job can't leave the
/// frozen poll either, and the poll goes on only after the job.
#[inline]
pub(super) fn is_allowed_here() -> bool {
    ALLOWED.get().is_some_and(InPoll::is_here)
}

/// Restores, when it drops, what was allowed before. [`allow`] makes it.
pub(super) struct FreezeGuard(Option<InPoll>);

/// Until the guard drops, waits in the current poll may freeze the executor of this thread.
#[cold]
pub(super) fn allow() -> FreezeGuard {
    FreezeGuard(ALLOWED.replace(Some(InPoll::current())))
}

/// Like [`allow`], but only where Tokio lets no code block although the place is one of blocking
/// code or of a root: there something hides a `LocalSet`. A worker is not asked, because the
/// question would take its core. Its wait calls [`allow`] when it freezes.
#[cold]
pub(super) fn allow_in_hidden_set() -> Option<FreezeGuard> {
    let hides_a_set = match Place::current() {
        Place::Blocking | Place::Job | Place::Wait | Place::Root => {
            block_if_allowed(|| ()).is_none()
        }
        Place::Thread | Place::Ending | Place::Worker(_) | Place::Foreign => false,
    };
    hides_a_set.then(allow)
}

impl Drop for FreezeGuard {
    fn drop(&mut self) {
        ALLOWED.set(self.0);
    }
}
