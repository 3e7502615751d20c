//! Freeing a worker of its other tasks before it parks.

use std::panic::Location;
#[cfg(debug_assertions)]
use std::{cell::Cell, time::Instant};

use detect::probe::blocking::block_if_allowed;
use tokio::runtime::Handle;

use crate::{WaitError, runtime::hand_overs::HandOver};

/// Hands the worker's other tasks over to another thread of `runtime`, then runs `body`.
/// `runtime` is the worker's own. Returns `None` if Tokio refuses the hand-over.
///
/// # Errors
///
/// Returns [`WaitError::TooDeep`] if `limit` hand-overs are open on this runtime.
pub(super) fn hand_over<T>(
    runtime: &Handle,
    limit: usize,
    at: &'static Location<'static>,
    body: impl FnOnce() -> Result<T, WaitError>,
) -> Option<Result<T, WaitError>> {
    let Some(_open) = HandOver::open(runtime.id(), limit) else {
        return Some(Err(WaitError::TooDeep { limit, at }));
    };
    // The guard of another runtime may hide the worker's own.
    let _entered = runtime.enter();
    #[cfg(debug_assertions)]
    let body = noted(body);
    block_if_allowed(body)
}

#[cfg(debug_assertions)]
thread_local! {
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Returns when the last hand-over of this thread began, if its wait is over.
///
/// The worker has most likely no core since then. If it has none, its executor goes on without
/// it until the current poll ends.
#[cfg(debug_assertions)]
pub(crate) fn last() -> Option<Instant> {
    LAST.get()
}

/// Returns `body` with a note of the hand-over behind it. Inside `body` there is no note,
/// because the future that it polls is not handed over.
#[cfg(debug_assertions)]
fn noted<T>(body: impl FnOnce() -> T) -> impl FnOnce() -> T {
    || {
        LAST.set(None);
        let start = Instant::now();
        let result = body();
        LAST.set(Some(start));
        result
    }
}
