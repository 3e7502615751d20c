//! Lists the waits that park threads which are no workers, for reports.

use std::{
    collections::BTreeMap,
    panic::Location,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::Thread,
    time::Instant,
};

/// The waits of such threads on the bridge of one pool, by their numbers. Numbers grow, so
/// the order is that in which the waits first parked.
///
/// The lock is always std's, also in models, because no protocol depends on it.
#[derive(Default)]
pub(crate) struct Outside {
    waits: Mutex<BTreeMap<usize, Waiter>>,
}

/// A thread that waits.
#[derive(Clone)]
pub(crate) struct Waiter {
    pub(crate) at: &'static Location<'static>,
    /// The name of the future's type.
    pub(crate) future: &'static str,
    /// When the wait first parked.
    pub(crate) since: Instant,
    pub(crate) thread: Thread,
}

impl Outside {
    /// Adds a wait under this number.
    pub(crate) fn add(&self, number: usize, waiter: Waiter) {
        self.lock().insert(number, waiter);
    }

    /// Removes the wait with this number.
    pub(crate) fn remove(&self, number: usize) {
        self.lock().remove(&number);
    }

    /// Returns the waits in the order in which they first parked.
    pub(crate) fn waiters(&self) -> Vec<Waiter> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Waiter>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
