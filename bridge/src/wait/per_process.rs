//! A table that each process has to itself, forks included.
//!
//! A fork's child has a copy of its parent's memory, and none of its threads: a
//! lock that one of those held stays locked for ever. So no process takes a
//! lock that an ancestor had. It has a slot of its own, by the number of forks
//! before it, and looks at the older ones only as far as nobody is in there.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use offload_pool::fork;

/// Processes in a line of forks that have a slot each. Those beyond share the
/// last, so no wait that needs a table may begin there.
pub(super) const LINE: usize = 64;

pub(crate) struct PerProcess<T> {
    slots: [Mutex<Option<T>>; LINE],
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self {
            slots: [const { Mutex::new(None) }; LINE],
        }
    }

    /// Runs `look` on this process's own.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        let mut own = self.slots[slot()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        look(own.get_or_insert_default())
    }

    /// Whether `test` holds for what some ancestor of this process left.
    pub(super) fn any_before(&self, test: impl Fn(&T) -> bool) -> bool {
        self.slots[..slot()].iter().any(|slot| {
            let left: Option<MutexGuard<'_, Option<T>>> = match slot.try_lock() {
                Ok(left) => Some(left),
                Err(TryLockError::Poisoned(left)) => Some(left.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            };
            left.is_some_and(|left| left.as_ref().is_some_and(&test))
        })
    }
}

fn slot() -> usize {
    fork::generation().min(LINE - 1)
}
