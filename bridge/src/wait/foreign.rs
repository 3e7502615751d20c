//! Is the runtime that is reachable on a worker another's, by a guard?
//!
//! A foreign guard changes what is reachable, not whose worker this is, and no
//! public function of Tokio names the runtime that drives a thread. A hand-over
//! would give this worker's core to the foreign runtime, which can't run it, or
//! would panic on a current-thread worker. Two facts prove a runtime foreign:
//!
//! * It has no worker of this index.
//! * Its worker of this index is parked, by its count of parks and unparks,
//!   while this thread runs as a scheduler that has its core. A worker publishes
//!   the count before it parks, and again before it polls anything.
//!
//! Without its core, from a `block_in_place` to the end of the same poll, a
//! worker's part is played by another thread, which may park. Then there is
//! nothing to hand over either, so a guard does no harm.
//!
//! A foreign runtime whose worker of this index happens to be busy can't be
//! told. The first fact and the absence of both are pinned by tests.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

use tokio::{runtime::Handle, task};

/// Whether `here`, a multi-thread runtime that is reachable on a worker of this
/// index, is proven not to be that worker's own.
pub(super) fn is_proven(here: &Handle, index: usize) -> bool {
    let metrics = here.metrics();
    index >= metrics.num_workers() || (is_parked(here, index) && has_core())
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

/// Whether the scheduler that polls this thread has its core: then it keeps a
/// waker that yields for later, else it wakes at once.
fn has_core() -> bool {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let _pending = pin!(task::yield_now()).poll(&mut Context::from_waker(&waker));
    !woken.0.load(Ordering::Relaxed)
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
