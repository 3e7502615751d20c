//! Lists the waits that park threads which are no workers, for reports.

use std::{
    collections::BTreeMap,
    fmt,
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, Thread},
    time::Instant,
};

use crate::{
    core::Core,
    platform::{
        fork::OfProcess,
        sync::{next_number, now},
    },
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
    /// Returns the waits in the order in which they first parked.
    pub(crate) fn waiters(&self) -> Vec<Waiter> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Waiter>> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lists a wait until it is dropped.
#[must_use]
pub struct OutsideWait {
    core: OfProcess<Arc<Core>>,
    number: usize,
}

impl OutsideWait {
    pub(crate) fn new(
        core: &OfProcess<Arc<Core>>,
        at: &'static Location<'static>,
        future: &'static str,
    ) -> Self {
        let number = next_number();
        if let Ok(core) = core.get() {
            let waiter = Waiter {
                at,
                future,
                since: now(),
                thread: thread::current(),
            };
            core.outside.lock().insert(number, waiter);
        }
        Self {
            core: core.clone(),
            number,
        }
    }
}

impl Drop for OutsideWait {
    fn drop(&mut self) {
        if let Ok(core) = self.core.get() {
            core.outside.lock().remove(&self.number);
        }
    }
}

impl fmt::Debug for OutsideWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideWait").finish_non_exhaustive()
    }
}
