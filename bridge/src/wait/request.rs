//! The knowledge that a wait has of itself: its request, its runtime and its rules.
//!
//! [`Request`] is made once, where the wait begins. [`WaitContext`] adds the runtime and the
//! rules of the plan, and goes with the wait to its end.

use std::{
    panic::Location,
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

use super::freeze;
use crate::{Bridge, Leftover, WaitError};

/// The conditions that a caller puts on a wait.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) limit: Option<Duration>,
    /// Whether the wait may park where that freezes the executor of this thread.
    pub(super) is_frozen: bool,
}

impl Terms {
    pub(super) const NONE: Self = Self {
        limit: None,
        is_frozen: false,
    };
    pub(super) const FROZEN: Self = Self {
        is_frozen: true,
        ..Self::NONE
    };

    pub(super) fn within(limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..Self::NONE
        }
    }

    pub(super) fn frozen_within(limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..Self::FROZEN
        }
    }
}

/// The wait that a caller asks for.
pub(super) struct Request<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) deadline: Option<Instant>,
    /// Whether the caller asked for a wait that may freeze this thread's executor.
    pub(super) is_frozen: bool,
    /// The name of the future's type, or a name that says more. It is for messages only.
    pub(super) future: &'static str,
    /// The fate of the future at the deadline.
    pub(super) left: Leftover,
    /// The place of the call.
    pub(super) at: &'static Location<'static>,
}

impl<'a> Request<'a> {
    /// Makes the request of this function's caller for a future of type `F`. `future` is the
    /// name for messages. A limit that the clock cannot represent counts as no limit.
    #[inline]
    #[track_caller]
    pub(super) fn new<F: Future>(bridge: &'a Bridge, terms: Terms, future: &'static str) -> Self {
        let limit = terms.limit;
        Self {
            bridge,
            deadline: limit.and_then(|limit| Instant::now().checked_add(limit)),
            is_frozen: terms.is_frozen,
            future,
            left: Leftover::of::<F>(),
            at: Location::caller(),
        }
    }

    /// Returns whether the wait may freeze the executor of this thread: because its
    /// caller asked for that, or because a wait around it did.
    #[inline]
    pub(super) fn may_freeze(&self) -> bool {
        self.is_frozen || freeze::is_allowed_here()
    }

    #[cold]
    pub(super) fn would_freeze(&self) -> WaitError {
        WaitError::WouldFreeze {
            future: self.future,
            at: self.at,
        }
    }
}

/// A wait whose plan is being carried out.
#[derive(Clone, Copy)]
pub(super) struct WaitContext<'a> {
    pub(super) request: &'a Request<'a>,
    /// The runtime inside which the future is polled. This thread has entered it.
    pub(super) runtime: &'a Handle,
    pub(super) before_park: BeforePark,
    pub(super) freezes: Freezes,
}

/// The check that a wait makes before its first park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BeforePark {
    /// None, because the plan has made sure that this thread may block.
    NoCheck,
    /// The wait asks Tokio whether this thread may block.
    AskTokio,
}

/// The things that stand still while a wait is parked. The warning of the watchdog
/// depends on this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freezes {
    /// Nothing, or another thread has taken it over.
    Nothing,
    /// Perhaps the other tasks of a `LocalSet`: see
    /// [`Way::LeaveCorelessWorker`](super::plan::Way::LeaveCorelessWorker).
    PerhapsLocalSet,
    /// The executor that runs on this thread. The caller accepts that.
    Executor,
}

impl<'a> WaitContext<'a> {
    /// Returns the context of a wait that parks without a check, while nothing stands still.
    #[inline]
    pub(super) fn new(request: &'a Request<'a>, runtime: &'a Handle) -> Self {
        Self {
            request,
            runtime,
            before_park: BeforePark::NoCheck,
            freezes: Freezes::Nothing,
        }
    }

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
}

#[cfg(test)]
mod tests {
    use std::future::Ready;

    use super::*;

    /// Otherwise [`Builder::spin`](crate::Builder::spin) has no effect on the waits of a bridge.
    #[test]
    fn a_wait_spins_as_long_as_its_bridge_says() {
        let spin = Duration::from_micros(7);
        let bridge = Bridge::builder().spin(spin).build().unwrap();
        let request = Request::new::<Ready<()>>(&bridge, Terms::NONE, "future");
        let home = bridge.handle().unwrap();
        assert_eq!(WaitContext::new(&request, &home).spin_limit(), spin);
    }
}
