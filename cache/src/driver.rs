//! The handle of the runtime that polls a future, owned by that future.

use tokio::runtime::Handle;

use crate::slot::Slot;

/// Holds the runtime that polls a future. The future keeps it between its
/// polls.
///
/// During a poll the handle is lent to the thread (see
/// [`Cache::driven`](crate::Cache::driven)), so a poll touches no reference
/// count.
#[derive(Debug)]
pub struct Driver {
    /// During a poll, this slot holds the thread's previous entry.
    pub(crate) slot: Slot<Handle>,
}

impl Driver {
    /// Returns a driver for a future that the runtime of `handle` polls,
    /// directly or inside another future.
    ///
    /// The caller promises this, and nothing can check it. So make a driver
    /// only where the future is handed to `handle.spawn(…)`.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self {
            slot: Slot::with(handle),
        }
    }
}
