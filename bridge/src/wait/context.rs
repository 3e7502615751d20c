//! The context of a wait's loop: the request, the runtime, and the future's slot.
//!
//! The loop and the [watchdog](super::watchdog) ask the [`WaitContext`] for what they need
//! of the request and of its bridge.

use std::{
    panic::Location,
    pin::Pin,
    time::{Duration, Instant},
};

use detect::probe::blocking::block_if_allowed;
use offload_pool::OutsideWait;
use tokio::runtime::Handle;

use super::{plan::BlockCheck, request::Request};
use crate::WaitError;

/// A wait whose plan is being carried out.
pub(super) struct WaitContext<'a> {
    pub(super) request: &'a Request<'a>,
    /// The runtime inside which the future is polled. This thread has entered it.
    pub(super) runtime: &'a Handle,
    pub(super) check: BlockCheck,
}

impl WaitContext<'_> {
    /// Returns the place of the call, which errors name.
    #[inline]
    pub(super) fn at(&self) -> &'static Location<'static> {
        self.request.at
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.request.deadline
    }

    /// Returns how long a pause spins at most before it parks.
    pub(super) fn spin_limit(&self) -> Duration {
        self.request.bridge.spin()
    }

    /// Lists this wait in the reports of its bridge, until the result drops.
    pub(super) fn list(&self) -> OutsideWait {
        let request = self.request;
        let pool = request.bridge.pool();
        pool.note_wait(request.at, request.future)
    }

    /// Asks Tokio whether this thread may block, if the plan puts that question before
    /// the first park. Only [`block_on`](super::block_on::block_on) may have such a plan.
    ///
    /// Tokio refuses if the thread polls a `LocalSet` after all, which a wait or an
    /// `unconstrained` has hidden. If Tokio allows blocking, the wait goes on outside
    /// the `block_in_place` that asked. Parking inside it would take more of the stack,
    /// on which the pool may still run jobs.
    #[inline]
    pub(super) fn check_before_park(&self) -> Result<(), WaitError> {
        if self.check == BlockCheck::BeforePark {
            return self.check_now();
        }
        Ok(())
    }

    #[cold]
    fn check_now(&self) -> Result<(), WaitError> {
        if !self.request.may_freeze() && block_if_allowed(|| ()).is_none() {
            return Err(self.request.would_freeze());
        }
        Ok(())
    }
}

/// The future of a wait, pinned in the caller's frame.
///
/// The future stays there, because an unoptimised build copies a moved value once for each
/// function on the way.
pub(super) type PinnedSlot<'a, F> = Pin<&'a mut Option<F>>;

/// Drops the future at the end of its scope, while the runtime that polled the future
/// is still entered.
pub(super) struct DropInPlace<'a, F>(pub(super) PinnedSlot<'a, F>);

impl<F> DropInPlace<'_, F> {
    /// Returns the future, which is still in its slot.
    #[inline]
    pub(super) fn future(&mut self) -> Pin<&mut F> {
        match self.0.as_mut().as_pin_mut() {
            Some(future) => future,
            None => unreachable!("a slot is empty only after its wait"),
        }
    }
}

/// Drops the future of a wait on a thread whose locals are gone. Returns the error.
#[cold]
pub(super) fn thread_ending<F>(context: &WaitContext<'_>, slot: PinnedSlot<'_, F>) -> WaitError {
    drop(DropInPlace(slot));
    WaitError::ThreadEnding { at: context.at() }
}

impl<F> Drop for DropInPlace<'_, F> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(None);
    }
}
