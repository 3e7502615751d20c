//! One wait in which a worker is parked, as the state keeps it.

use std::{sync::Arc, time::Instant};

use crate::{job::runnable::Submitted, lineage::Frame, thread::park::Unparker};

/// A wait in which a worker is parked.
pub(super) struct ParkedWait {
    pub(super) request: ParkRequest,
    /// Whether the worker waits for the end of this pool.
    pub(super) is_for_end: bool,
    /// The job that was lent to the worker, until the worker takes it.
    pub(super) lent: Option<Submitted>,
    /// Whether the wait is refused: it will be told that the pool can do nothing for it.
    pub(super) refused: bool,
}

/// A request to park: the facts about a wait that the pool must know.
#[derive(Clone)]
pub(crate) struct ParkRequest {
    /// The frame of the wait.
    pub(crate) frame: Arc<Frame>,
    /// The frame on whose account descendants start: the frame of the job. It is the
    /// frame of the wait if the worker waits outside any job, for example in a waker.
    pub(crate) account: Arc<Frame>,
    pub(crate) unparker: Unparker,
    /// The worker's stack, as an index.
    pub(crate) stack: usize,
    /// When the wait first parked.
    pub(crate) since: Instant,
    /// Whether the worker may be lent a job.
    pub(crate) lends: bool,
    /// Whether the pool may refuse the wait while it is parked. It may not if the wait polls
    /// no future, or only gives way.
    pub(crate) may_be_refused: bool,
}

/// Returns the index of the parked wait with this number. The waits are in the order of their
/// numbers.
///
/// A queued job has many ancestors, and hundreds of workers may be parked. So a search through all
/// of them, for each queued job, would take the pool's lock for milliseconds.
pub(super) fn find(parked_waits: &[ParkedWait], number: usize) -> Option<usize> {
    parked_waits
        .binary_search_by_key(&number, ParkedWait::number)
        .ok()
}

impl ParkedWait {
    /// Returns the number of the wait's frame. A later wait has a higher number.
    pub(super) fn number(&self) -> usize {
        self.request.frame.number()
    }

    /// Returns the frame on whose account descendants start.
    pub(super) fn account(&self) -> &Arc<Frame> {
        &self.request.account
    }

    pub(super) fn is_of(&self, frame: &Arc<Frame>) -> bool {
        Arc::ptr_eq(&self.request.frame, frame)
    }

    /// Returns whether this is the wait's own frame, or the frame on whose account its
    /// descendants start.
    pub(super) fn is_on(&self, frame: &Arc<Frame>) -> bool {
        Arc::ptr_eq(&self.request.account, frame) || self.is_of(frame)
    }

    /// Returns whether the pool can refuse the wait.
    pub(super) fn can_be_refused(&self) -> bool {
        self.request.may_be_refused && self.lent.is_none()
    }

    /// Returns whether the worker was lent a job that it has not taken yet.
    #[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
    pub(super) fn is_lender(&self) -> bool {
        self.lent.is_some()
    }

    /// Returns whether a job can be lent to the worker.
    pub(super) fn is_free(&self) -> bool {
        self.request.lends && self.lent.is_none()
    }
}
