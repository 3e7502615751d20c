//! Freeing a worker of its other tasks before it parks.

use std::panic::Location;

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
    block_if_allowed(body)
}
