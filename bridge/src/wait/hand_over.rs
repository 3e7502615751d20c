//! Freeing a worker of its other tasks before it parks.
//!
//! `block_in_place` gives the worker's core to a thread of the runtime's
//! blocking pool. Tokio's pool has a limit past which it queues, and a core in
//! a queue is a hang. So the hand-overs that are open on a runtime are counted,
//! over all bridges, for the limit is the runtime's; and one is refused before
//! that.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
};

use offload_pool::fork;
use tokio::{
    runtime::{Handle, Id},
    task::block_in_place,
};

use crate::WaitError;

/// How many hand-overs are open on each runtime that has any.
static OPEN: Mutex<Option<OnRuntimes>> = Mutex::new(None);

struct OnRuntimes {
    /// A fork's child starts afresh: the waits are its parent's.
    generation: usize,
    open: HashMap<Id, usize>,
}

/// One open hand-over.
struct Open(Id);

impl Open {
    /// Opens one on this runtime, if fewer than `limit` are open there.
    fn on(runtime: &Handle, limit: usize) -> Result<Self, WaitError> {
        let id = runtime.id();
        let mut all = all();
        let open = on_runtimes(&mut all).entry(id).or_default();
        if *open >= limit {
            return Err(WaitError::TooDeep { limit });
        }
        *open += 1;
        Ok(Self(id))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut all = all();
        let on_runtimes = on_runtimes(&mut all);
        if let Some(open) = on_runtimes.get_mut(&self.0) {
            *open -= 1;
            if *open == 0 {
                on_runtimes.remove(&self.0);
            }
        }
    }
}

/// Runs `body` with the worker's other tasks handed over, unless `limit` waits
/// have done so on this runtime; `None` if this is no worker that can.
pub(super) fn hand_over<T>(
    limit: usize,
    body: impl FnOnce() -> Result<T, WaitError>,
) -> Option<Result<T, WaitError>> {
    let runtime = Handle::try_current().ok()?;
    let _open = match Open::on(&runtime, limit) {
        Ok(open) => open,
        Err(error) => return Some(Err(error)),
    };
    let mut handed_over = false;
    // On a current-thread worker under a multi-thread guard Tokio panics, and
    // does so before it runs the closure. No probe tells beforehand.
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

fn all() -> MutexGuard<'static, Option<OnRuntimes>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on_runtimes(all: &mut Option<OnRuntimes>) -> &mut HashMap<Id, usize> {
    let generation = fork::generation();
    let fresh = || OnRuntimes {
        generation,
        open: HashMap::new(),
    };
    let all = all.get_or_insert_with(fresh);
    if all.generation != generation {
        *all = fresh();
    }
    &mut all.open
}
