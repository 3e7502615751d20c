//! Looks after a wait that is not ready at its first poll.
//!
//! The watchdog ends the wait if its deadline passes, if its runtime ends, or if this
//! process is the child of a fork. It warns once if the wait may be stuck.
//!
//! * [`ShutdownRegistration`] tells that the runtime has ended.
//! * [`liveness`] finds the ends that the registration cannot tell.
//! * [`stall`] warns of a wait that may be stuck.

mod liveness;
mod stall;

use std::time::{Duration, Instant};

use offload_pool::Parked;

use self::{liveness::LivenessProbe, stall::StallWarning};
use super::{context::WaitContext, parker::ParkerLease};
use crate::{Leftover, WaitError, runtime::end::ShutdownRegistration};

/// A wait that has caught this many wake-ups while it spun looks after its runtime like
/// a wait that parks.
const BUSY: u32 = 16;

/// The watchdog of one wait.
pub(super) struct Watchdog<'a> {
    context: &'a WaitContext<'a>,
    /// Made before the first park, because most waits never park.
    registration: Option<ShutdownRegistration>,
    liveness: LivenessProbe,
    stall: StallWarning,
    /// The number of wake-ups that the wait caught while it spun.
    caught: u32,
}

impl<'a> Watchdog<'a> {
    /// Starts to look after a wait that has polled once.
    ///
    /// The watchdog is boxed, because it lasts as long as the polls that follow, and
    /// these need the stack.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::WouldFreeze`] if Tokio does not let this thread block.
    #[cold]
    pub(super) fn start(context: &'a WaitContext<'a>) -> Result<Box<Self>, WaitError> {
        context.check_before_park()?;
        Ok(Box::new(Self {
            context,
            registration: None,
            liveness: LivenessProbe::new(),
            stall: StallWarning::new(),
            caught: 0,
        }))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.context.request.deadline
    }

    pub(super) fn spin_limit(&self) -> Duration {
        self.context.request.bridge.spin()
    }

    /// Checks the deadline, and whether the future has forked and this is the child.
    pub(super) fn check_limits(&self, parker: &ParkerLease) -> Result<(), WaitError> {
        let at = self.context.request.at;
        if (self.deadline()).is_some_and(|deadline| deadline <= Instant::now()) {
            let left = Leftover::of(self.context.request.future);
            return Err(WaitError::TimedOut { at, left });
        }
        // The threads that could wake this one stayed in the parent.
        if parker.is_inherited() {
            return Err(WaitError::Forked { at });
        }
        Ok(())
    }

    /// Called after a wake-up that came while the thread spun.
    pub(super) fn after_spin(&mut self, parker: &ParkerLease) -> Result<(), WaitError> {
        self.stall.woken();
        self.caught = self.caught.saturating_add(1);
        if self.caught < BUSY && self.registration.is_none() {
            return Ok(());
        }
        // The future may be woken again and again after its runtime has ended.
        self.check_runtime(parker)
    }

    /// Called before a park. Returns when the park has to end at the latest.
    pub(super) fn before_park(&mut self, parker: &ParkerLease) -> Result<Instant, WaitError> {
        self.check_runtime(parker)?;
        let alarms = [
            self.deadline(),
            self.stall.alarm(self.context.check, &self.liveness),
        ];
        let next_probe = self.liveness.next();
        Ok(alarms.into_iter().flatten().fold(next_probe, Instant::min))
    }

    /// Called after a park.
    pub(super) fn after_park(&mut self, parked: Parked) -> Result<(), WaitError> {
        match parked {
            Parked::Woken | Parked::Lent => {
                self.stall.woken();
                // The wake-up may be the sentinel's.
                self.check_registration()
            }
            Parked::Exhausted => Err(WaitError::PoolExhausted {
                at: self.context.request.at,
            }),
            Parked::TimedOut => {
                self.stall.warn_if_due(self.context, &self.liveness);
                Ok(())
            }
        }
    }

    /// Checks whether the runtime has ended, in every way that there is.
    fn check_runtime(&mut self, parker: &ParkerLease) -> Result<(), WaitError> {
        let runtime = self.context.runtime;
        if self.registration.is_none() {
            self.registration = ShutdownRegistration::new(runtime, parker.parker().unparker());
        }
        // After the registration: the runtime may have ended before it.
        self.check_registration()?;
        if self.liveness.is_gone(runtime, Instant::now()) {
            return Err(self.runtime_gone());
        }
        Ok(())
    }

    fn check_registration(&self) -> Result<(), WaitError> {
        if (self.registration.as_ref()).is_some_and(ShutdownRegistration::is_gone) {
            return Err(self.runtime_gone());
        }
        Ok(())
    }

    #[cold]
    fn runtime_gone(&self) -> WaitError {
        WaitError::RuntimeGone {
            at: self.context.request.at,
        }
    }
}
