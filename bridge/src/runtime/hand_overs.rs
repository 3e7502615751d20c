//! The open hand-overs of each runtime: its workers that are blocked in waits.
//!
//! A hand-over gives the worker's core to a thread of the runtime's blocking pool. If
//! that pool has no thread left, Tokio queues the core. Then nothing runs the worker's
//! tasks, and the runtime may hang. All bridges share the runtime's pool, so their
//! hand-overs count together.

use std::collections::HashMap;

use offload_pool::fork::{OfProcess, PerProcess};
use tokio::runtime::Id;

/// The number of open hand-overs of each runtime that has any.
static OPEN: PerProcess<HashMap<Id, usize>> = PerProcess::new();

/// An open hand-over, which closes when it drops.
#[must_use]
pub(crate) struct HandOver {
    runtime: OfProcess<Id>,
}

impl HandOver {
    /// Opens a hand-over on `runtime`. Returns `None` if `limit` are open there.
    pub(crate) fn open(runtime: Id, limit: usize) -> Option<Self> {
        OPEN.with(|all| {
            let open = all.entry(runtime).or_default();
            (*open < limit).then(|| {
                *open += 1;
                Self {
                    runtime: OfProcess::new(runtime),
                }
            })
        })
    }
}

impl Drop for HandOver {
    fn drop(&mut self) {
        // A fork's child has not opened the hand-overs of its parent.
        let Ok(runtime) = self.runtime.get() else {
            return;
        };
        OPEN.with(|all| {
            if let Some(open) = all.get_mut(runtime) {
                *open -= 1;
                if *open == 0 {
                    all.remove(runtime);
                }
            }
        });
    }
}

/// Returns whether a hand-over was open on this runtime when an ancestor of this
/// process forked.
pub(super) fn was_open_before(runtime: Id) -> bool {
    OPEN.any_ancestor(|all| all.contains_key(&runtime))
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
        let (first, second) = (
            HandOver::open(id, 2).unwrap(),
            HandOver::open(id, 2).unwrap(),
        );
        assert!(HandOver::open(id, 2).is_none());
        drop(first);
        assert!(is_known());
        let third = HandOver::open(id, 2).unwrap();
        drop((second, third));
        assert!(!is_known());
    }
}
