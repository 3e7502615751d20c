//! Waits that park threads which are no workers, as reports show them.

use std::{
    collections::BTreeMap,
    fmt,
    panic::Location,
    sync::{Arc, Mutex, PoisonError},
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

/// The waits of one pool's bridge, by their numbers. It always uses std's lock, because no
/// protocol depends on it.
#[derive(Default)]
pub(crate) struct Outside {
    waits: Mutex<BTreeMap<usize, Waiter>>,
}

/// A thread that waits.
#[derive(Clone)]
pub(crate) struct Waiter {
    pub(crate) at: &'static Location<'static>,
    /// The type of the future.
    pub(crate) future: &'static str,
    pub(crate) since: Instant,
    pub(crate) thread: Thread,
}

impl Outside {
    /// Returns the waits in the order in which they began.
    pub(crate) fn waiters(&self) -> Vec<Waiter> {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.values().cloned().collect()
    }
}

/// Notes a wait as long as it lives.
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
            let mut waits = core
                .outside
                .waits
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            waits.insert(number, waiter);
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
            let waits = &core.outside.waits;
            let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
            waits.remove(&self.number);
        }
    }
}

impl fmt::Debug for OutsideWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideWait").finish_non_exhaustive()
    }
}
