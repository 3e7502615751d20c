//! What a future knows of the runtime that polls it.

use tokio::runtime::Handle;

use crate::slot::Slot;

/// The runtime that polls a future, kept by that future between its polls.
///
/// While the future is polled the handle is lent to the thread (see
/// [`Cache::driven`](crate::Cache::driven)), so a poll touches no reference
/// count.
#[derive(Debug)]
pub struct Driver {
    /// During a poll, what the thread held before it.
    pub(crate) slot: Slot<Handle>,
}

impl Driver {
    /// For a future that the runtime of `handle` polls, or which is polled only
    /// under what that runtime polls.
    ///
    /// This is the caller's promise, and nothing can check it: make a driver
    /// where the future is handed to `handle.spawn(…)`, and nowhere else.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self {
            slot: Slot::with(handle),
        }
    }
}
