//! What a parker keeps for the next wait: its registration for the end of the runtime, and its
//! listing in reports.
//!
//! A wait that parks registers with its runtime, and is listed for reports. Both need locks that
//! all waits share. The next wait of the thread usually rests on the same runtime and on the same
//! bridge. Then it takes over what the last wait has left, and needs neither lock.

use std::cell::{Cell, RefCell};

use offload_pool::{Pool, WaitListing, fork::Forked, park::Unparker};
use tokio::runtime::Handle;

use crate::runtime::end::{ShutdownRegistration, watch};

/// The registration and the listing of the last wait, for the next one. Each is gone while a wait
/// has it.
pub(super) struct Kept {
    registration: RefCell<Option<ShutdownRegistration>>,
    listing: Cell<Option<WaitListing>>,
}

impl Kept {
    pub(super) fn new() -> Self {
        Self {
            registration: RefCell::new(None),
            listing: Cell::new(None),
        }
    }

    /// Returns the kept registration if it is with `runtime`. Otherwise registers `unparker`, which
    /// belongs to this parker.
    pub(super) fn register(
        &self,
        runtime: &Handle,
        unparker: &Unparker,
    ) -> Result<ShutdownRegistration, Forked> {
        match self.registration.take() {
            Some(kept) if kept.is_of(runtime) && !kept.has_runtime_ended() => Ok(kept),
            _ => ShutdownRegistration::new(runtime, unparker),
        }
    }

    /// Keeps a registration of the parker.
    pub(super) fn keep_registration(&self, registration: ShutdownRegistration) {
        self.registration.replace(Some(registration));
    }

    /// Returns whether a registration is kept that tells the end of `runtime`.
    pub(super) fn tells_end_of(&self, runtime: &Handle) -> bool {
        let kept = self.registration.borrow();
        let ended = kept.as_ref().filter(|kept| kept.has_runtime_ended());
        // Tokio may give the number of a runtime that has ended to another one.
        ended.is_some_and(|kept| kept.is_of(runtime) && watch(runtime).has_runtime_ended())
    }

    /// Returns the kept listing if it is one of this pool, or else a new one.
    pub(super) fn listing<A>(&self, pool: &Pool<A>) -> Option<WaitListing> {
        let kept = self.listing.take();
        kept.filter(|listing| listing.is_of(pool))
            .or_else(|| pool.wait_listing())
    }

    /// Keeps a listing of the parker's thread.
    pub(super) fn keep_listing(&self, listing: WaitListing) {
        self.listing.set(Some(listing));
    }
}

#[cfg(test)]
mod tests {
    use offload_pool::park::Parker;
    use tokio::runtime::Builder;

    use super::*;
    use crate::runtime::end;

    /// Otherwise a wait is not told of the end of its runtime, or a thread stays registered with
    /// each runtime in which it has waited.
    #[test]
    fn a_registration_is_kept_for_the_next_wait_on_its_runtime() {
        let runtime = |()| {
            Builder::new_multi_thread()
                .worker_threads(1)
                .build()
                .unwrap()
        };
        let runtimes = [(); 2].map(runtime);
        let (parker, kept) = (Parker::new(), Kept::new());
        let counts = || {
            runtimes
                .each_ref()
                .map(|runtime| end::registered(runtime.handle()))
        };
        for (at, expected) in [(0, [1, 0]), (0, [1, 0]), (1, [0, 1]), (0, [1, 0])] {
            let registration = kept
                .register(runtimes[at].handle(), parker.unparker())
                .unwrap();
            assert_eq!(counts(), expected);
            kept.keep_registration(registration);
            assert_eq!(counts(), expected, "it is kept");
        }
        kept.registration.replace(None);
        assert_eq!(counts(), [0, 0]);
    }
}
