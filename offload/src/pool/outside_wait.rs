//! The note of a wait that parks a thread which is no worker.

use std::{fmt, panic::Location, sync::Arc, thread};

use crate::{
    core::Core,
    observe::outside::Waiter,
    platform::{
        fork::OfProcess,
        sync::{next_number, now},
    },
};

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
            core.outside.add(number, waiter);
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
            core.outside.remove(self.number);
        }
    }
}

impl fmt::Debug for OutsideWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutsideWait").finish_non_exhaustive()
    }
}
