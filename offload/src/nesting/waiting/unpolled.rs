//! Waits that poll nothing: for the end of a pool, and for user code on another thread.

use std::sync::Arc;

use super::{OnWorker, Waiting};
use crate::{
    core::{Core, OwnWorker},
    nesting::lineage,
    platform::{fork::OfProcess, sync::now},
    schedule::state::{ParkDecision, ParkRequest},
    thread::{park::Parker, worker},
};

/// Calls `wait`, which blocks until the pool of `core` has ended.
///
/// A worker, of this pool or another, returns its permit meanwhile, so queued jobs can
/// run. `wait` gets an [`OwnWorker`] if this thread is a worker of the pool that ends.
pub(crate) fn wait_for_end<R>(core: &Arc<Core>, wait: impl FnOnce(Option<OwnWorker>) -> R) -> R {
    wait_parked(Some(core), wait)
}

/// Calls `wait`, which blocks until another thread has returned from user code.
///
/// A worker returns its permit meanwhile, because that code may need the pool.
pub(crate) fn free_permit_while<R>(wait: impl FnOnce() -> R) -> R {
    wait_parked(None, |_own_worker| wait())
}

/// Calls `wait`. A worker counts as parked meanwhile, unless the pool can do nothing for its
/// wait. `ends` is the pool that `wait` waits for, if it waits for the end of a pool.
fn wait_parked<R>(ends: Option<&Arc<Core>>, wait: impl FnOnce(Option<OwnWorker>) -> R) -> R {
    let waiting = if worker::is_worker() {
        Waiting::open_on_worker(None)
    } else {
        Waiting { on_worker: None }
    };
    let Some(Ok(OnWorker { worker, .. })) = waiting.on_worker.as_ref().map(OfProcess::get) else {
        return wait(None);
    };
    let (own, stack) = (&worker.core, worker.stack);
    let is_own = ends.is_some_and(|core| Arc::ptr_eq(own, core));
    let frame = lineage::frame();
    let account = lineage::job_frame().unwrap_or_else(|| Arc::clone(&frame));
    let since = now();
    let decision = loop {
        let parker = Parker::new();
        let request = ParkRequest {
            frame: Arc::clone(&frame),
            account: Arc::clone(&account),
            unparker: parker.unparker().clone(),
            stack,
            since,
            // This wait would not run a lent job.
            lends: false,
            may_be_refused: false,
        };
        let mut state = own.state();
        let (decision, action) = if is_own {
            state.begin_park_for_end(request)
        } else {
            // This wait is never refused. The other pool, or the user code, may wait for
            // jobs of this pool, and a worker that comes back from its wait can run them.
            // So the permit must be free.
            (ParkDecision::Park, state.add_parked_wait(request))
        };
        own.release(state);
        let unrunnable = own.carry_out(action);
        if unrunnable.is_empty() {
            break decision;
        }
        // The end or the user code may depend on the callers of these jobs. So the callers
        // are told before the worker waits.
        let _not_lent = own.state().end_park(&frame);
        unrunnable.abandon(own);
    };
    let result = wait(is_own.then_some(OwnWorker { stack, decision }));
    if decision == ParkDecision::Park {
        let _not_lent = own.state().end_park(&frame);
    }
    result
}
