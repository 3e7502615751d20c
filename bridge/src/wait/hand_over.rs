//! Freeing a worker of its other tasks before it parks.
//!
//! `block_in_place` gives the worker's core to a thread of the runtime's
//! blocking pool. Tokio's pool has a limit past which it queues, and a core in
//! a queue is a hang. So the hand-overs that are open on a runtime are counted,
//! over all bridges, for the limit is the runtime's; and one is refused before
//! that.

use std::{collections::HashMap, panic::Location};

use offload_pool::fork;
use tokio::runtime::{Handle, Id};

use super::{per_process::PerProcess, step_out::step_out};
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

/// Runs `body` with the worker's other tasks handed over to `runtime`, which is
/// its own, unless `limit` waits have done so on that one; `None` if this is no
/// worker that can.
pub(super) fn hand_over<T>(
    runtime: &Handle,
    limit: usize,
    at: &'static Location<'static>,
    body: impl FnOnce() -> Result<T, WaitError>,
) -> Option<Result<T, WaitError>> {
    let Some(_open) = Open::on(runtime.id(), limit) else {
        return Some(Err(WaitError::TooDeep { limit, at }));
    };
    // What is reachable may be another's, by a guard.
    let _entered = runtime.enter();
    step_out(body)
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn a_runtime_is_forgotten_with_its_last_hand_over() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let id = runtime.handle().id();
        let is_known = || OPEN.with(|all| all.contains_key(&id));
        assert!(!is_known());
        let (first, second) = (Open::on(id, 2).unwrap(), Open::on(id, 2).unwrap());
        assert!(Open::on(id, 2).is_none());
        drop(first);
        assert!(is_known());
        let third = Open::on(id, 2).unwrap();
        drop((second, third));
        assert!(!is_known());
    }
}
