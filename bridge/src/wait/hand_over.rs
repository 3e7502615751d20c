//! Freeing a worker of its other tasks before it parks.
//!
//! `block_in_place` gives the worker's core to a thread of the runtime's
//! blocking pool. Tokio's pool has a limit past which it queues, and a core in
//! a queue is a hang. So the hand-overs that are open on a runtime are counted,
//! over all bridges, for the limit is the runtime's; and one is refused before
//! that.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
};

use offload_pool::fork;
use tokio::{
    runtime::{Handle, Id},
    task::block_in_place,
};

use super::per_process::PerProcess;
use crate::WaitError;

/// How many hand-overs are open on each runtime that has any.
static OPEN: PerProcess<HashMap<Id, usize>> = PerProcess::new();

/// One open hand-over.
struct Open {
    runtime: Id,
    /// The process that opened it.
    generation: usize,
}

impl Open {
    /// Opens one on this runtime, if fewer than `limit` are open there.
    fn on(runtime: Id, limit: usize) -> Option<Self> {
        OPEN.with(|all| {
            let open = all.entry(runtime).or_default();
            (*open < limit).then(|| {
                *open += 1;
                Self {
                    runtime,
                    generation: fork::generation(),
                }
            })
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // A child has not opened its parent's.
        if self.generation != fork::generation() {
            return;
        }
        OPEN.with(|all| {
            if let Some(open) = all.get_mut(&self.runtime) {
                *open -= 1;
                if *open == 0 {
                    all.remove(&self.runtime);
                }
            }
        });
    }
}

/// Whether a hand-over was open on this runtime when an ancestor of this
/// process forked.
pub(super) fn was_open_before(runtime: Id) -> bool {
    OPEN.any_before(|all| all.contains_key(&runtime))
}

/// Runs `body` with the worker's other tasks handed over, unless `limit` waits
/// have done so on this runtime; `None` if this is no worker that can.
pub(super) fn hand_over<T>(
    limit: usize,
    at: &'static Location<'static>,
    body: impl FnOnce() -> Result<T, WaitError>,
) -> Option<Result<T, WaitError>> {
    let runtime = Handle::try_current().ok()?.id();
    let Some(_open) = Open::on(runtime, limit) else {
        return Some(Err(WaitError::TooDeep { limit, at }));
    };
    let mut handed_over = false;
    // On a current-thread worker under the guard of a multi-thread runtime that
    // can't be told to be foreign, Tokio panics, before it runs the closure.
    let result = catch_unwind(AssertUnwindSafe(|| {
        block_in_place(|| {
            handed_over = true;
            body()
        })
    }));
    match result {
        Ok(result) => Some(result),
        Err(payload) if handed_over => resume_unwind(payload),
        Err(_refused) => None,
    }
}
