//! The request of a caller who waits: the bridge, the limit, and the caller's place.

use std::{
    panic::Location,
    time::{Duration, Instant},
};

use super::freeze;
use crate::{Bridge, Leftover, WaitError};

/// The conditions that a caller puts on a wait.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(super) limit: Option<Duration>,
    /// Whether the wait may park where that freezes the executor of this thread.
    pub(super) is_frozen: bool,
}

impl Terms {
    pub(crate) const NONE: Self = Self {
        limit: None,
        is_frozen: false,
    };
    pub(crate) const FROZEN: Self = Self {
        is_frozen: true,
        ..Self::NONE
    };

    pub(crate) fn within(limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..Self::NONE
        }
    }

    pub(crate) fn frozen_within(limit: Duration) -> Self {
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
