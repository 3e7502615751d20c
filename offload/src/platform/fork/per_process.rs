//! A table that each process has to itself, so that a fork's child takes no lock of
//! its parent's.
//!
//! A fork's child has a copy of its parent's memory and none of its threads. A lock
//! that one of these threads held stays locked for ever. So each process has a slot
//! of its own, whose index is the number of forks before it. A process looks at the slot of
//! an ancestor only if the lock of that slot is free.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use super::generation;

/// The number of slots: one for the first process, and one for each fork in a line of
/// forks. Later processes have no slot and must not use a table: see [`is_beyond_tables`].
pub const SLOTS: usize = 64;

/// Returns whether this process has no slot, because too many forks precede it.
#[must_use]
pub fn is_beyond_tables() -> bool {
    generation() >= SLOTS
}

/// A table that each process has to itself. It is empty until the process fills it.
pub struct PerProcess<T> {
    slots: [Mutex<Option<T>>; SLOTS],
}

impl<T> std::fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PerProcess").finish_non_exhaustive()
    }
}

impl<T: Default> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Default> PerProcess<T> {
    /// Returns a table that is empty in every process.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: [const { Mutex::new(None) }; SLOTS],
        }
    }

    /// Runs `look` on the table of this process, which must have a slot.
    pub fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        let mut own = self.slots[slot()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        look(own.get_or_insert_default())
    }

    /// Returns whether `test` holds for the table of an ancestor of this process. It skips
    /// tables whose lock is held.
    pub fn any_ancestor(&self, test: impl Fn(&T) -> bool) -> bool {
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

/// Returns the slot of this process. Beyond the tables it returns the last slot, so that a
/// caller that has not asked gets no panic.
fn slot() -> usize {
    generation().min(SLOTS - 1)
}
