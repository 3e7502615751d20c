//! Is the runtime that is reachable on a worker another's, by a guard?
//!
//! A foreign guard changes what is reachable, not whose worker this is, and no
//! public function of Tokio names the runtime that drives a thread. A hand-over
//! would give this worker's core to the foreign runtime, which can't run it, or
//! would panic on a current-thread worker. Two facts prove a runtime foreign to
//! a worker that has its core:
//!
//! * It has no worker of this index.
//! * Its worker of this index is parked, by its count of parks and unparks. A
//!   worker publishes the count before it parks, and again before it polls
//!   anything.
//!
//! Without its core (see [`worker`](super::worker)) a worker's part is played by
//! another thread, which may park. Then there is nothing to hand over either,
//! so a guard does no harm, and this isn't asked.
//!
//! A foreign runtime whose worker of this index happens to be busy can't be
//! told. The first fact and the absence of both are pinned by tests.

use tokio::runtime::Handle;

/// Whether `here`, a multi-thread runtime that is reachable on a worker of this
/// index which has its core, is proven not to be that worker's own.
pub(super) fn is_proven(here: &Handle, index: usize) -> bool {
    index >= here.metrics().num_workers() || is_parked(here, index)
}

#[cfg(target_has_atomic = "64")]
fn is_parked(runtime: &Handle, index: usize) -> bool {
    runtime.metrics().worker_park_unpark_count(index) % 2 == 1
}

/// Tokio keeps no such count here.
#[cfg(not(target_has_atomic = "64"))]
fn is_parked(_: &Handle, _: usize) -> bool {
    false
}
