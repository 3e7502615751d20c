//! Waits that poll nothing: for the end of a pool, and for user code on another thread.

use std::sync::Arc;

use super::{Waiting, park::Park};
use crate::{
    core::{Core, OwnWorker},
    schedule::state::{ParkDecision, ParkRequest, State},
    thread::park::Parker,
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

/// Calls `wait`. A worker is parked meanwhile, unless the pool can do nothing for its wait.
/// `ends` is the pool that `wait` waits for, if it waits for the end of a pool.
fn wait_parked<R>(ends: Option<&Arc<Core>>, wait: impl FnOnce(Option<OwnWorker>) -> R) -> R {
    let mut waiting = Waiting::open_with(None);
    let Some(on_worker) = waiting.on_worker() else {
        return wait(None);
    };
    let parker = Parker::new(); // nobody leaves a token, because nothing is lent or refused
    let request = ParkRequest {
        lends: false,
        may_be_refused: false,
        ..on_worker.request(&parker)
    };
    let worker = &on_worker.worker;
    let is_own = ends.is_some_and(|core| Arc::ptr_eq(&worker.core, core));
    let transition = |state: &mut State, request| {
        if is_own {
            state.begin_park_for_end(request)
        } else {
            // This wait is never refused. The other pool, or the user code, may wait for
            // jobs of this pool, and a worker that comes back from its wait can run them.
            // So the permit must be free.
            (ParkDecision::Park, state.add_parked_wait(request))
        }
    };
    let park = loop {
        match Park::begin(worker, &parker, request.clone(), transition) {
            // The end or the user code may depend on the callers of these jobs. So the
            // callers are told before the worker waits.
            Some(park) if park.leaves_jobs() => drop(park.end()),
            park => break park,
        }
    };
    let decision = match park {
        Some(_) => ParkDecision::Park,
        None => ParkDecision::Exhausted,
    };
    let stack = worker.stack;
    let result = wait(is_own.then_some(OwnWorker { stack, decision }));
    if let Some(park) = park {
        let _not_lent = park.end();
    }
    result
}
