//! Whether the runtime that is reachable on a worker belongs to another worker.
//!
//! An `enter()` guard of a foreign runtime changes which runtime is reachable. It
//! does not change whose worker the thread is, and no public function names the
//! runtime that drives a thread. A hand-over to the foreign runtime would lose the
//! worker's core, or would panic on a current-thread worker.
//!
//! Two facts prove a runtime foreign to a worker that has its core:
//!
//! * The runtime has no worker of this index.
//! * The runtime's worker of this index is parked, by its count of parks and
//!   unparks. A worker publishes the count before it parks, and again before it
//!   polls anything.
//!
//! # What cannot be told
//!
//! A foreign runtime whose worker of this index happens to be busy looks like the
//! worker's own. Tests pin this and the first fact.
//!
//! A worker without its core (see [`worker_core`](super::worker_core)) may find its own runtime's
//! worker of this index parked, because another thread plays that part. Nobody
//! needs to ask there, because the worker has nothing to hand over.

use tokio::runtime::Handle;

/// Returns whether `reachable` is proven not to be the runtime of this worker.
///
/// `reachable` is a multi-thread runtime that is reachable here. `index` is the
/// index of the worker, which has its core.
#[must_use]
pub fn is_proven_foreign(reachable: &Handle, index: usize) -> bool {
    index >= reachable.metrics().num_workers() || is_parked(reachable, index)
}

#[cfg(target_has_atomic = "64")]
fn is_parked(runtime: &Handle, index: usize) -> bool {
    runtime.metrics().worker_park_unpark_count(index) % 2 == 1
}

/// Tokio keeps no such count without 64-bit atomics.
#[cfg(not(target_has_atomic = "64"))]
fn is_parked(_: &Handle, _: usize) -> bool {
    false
}
