//! A wait with a limit for calls whose function runs on the pool.

use std::{
    cell::Cell,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;

use super::{Call, job, sealed::Sealed};
use crate::{Bridge, Leftover, OffloadError, WaitError, wait};

/// Waits for `call` for at most `limit`. The error says what became of the
/// function.
#[track_caller]
pub(super) fn wait_timeout<C: Call>(mut call: C, limit: Duration) -> Result<C::Output, WaitError> {
    Sealed::begin_wait(&mut call);
    let (bridge, name) = (Sealed::bridge(&call), Sealed::name(&call));
    let left = Cell::new(Leftover::Dropped);
    let limited = Limited {
        call,
        bridge: &bridge,
        left: &left,
    };
    let result = wait::run_as(&bridge, name, limited, Some(limit));
    let outcome = result.map_err(|error| match error {
        WaitError::TimedOut { at, .. } => WaitError::TimedOut {
            at,
            left: left.get(),
        },
        error => error,
    })?;
    job::value(outcome, Location::caller())
}

pin_project! {
    /// A call that notes, when a wait drops it, how far its function had got.
    ///
    /// The wait drops this inside the runtime that polled it. If the function has ended
    /// in time, nobody reads the note.
    struct Limited<'a, C: Call> {
        #[pin]
        call: C,
        // The bridge of the call. `bridge = EXPR` is not evaluated again.
        bridge: &'a Bridge,
        left: &'a Cell<Leftover>,
    }

    impl<C: Call> PinnedDrop for Limited<'_, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.left.set(Sealed::abandon(this.call));
        }
    }
}

impl<C: Call> Future for Limited<'_, C> {
    type Output = Result<C::Output, OffloadError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        Sealed::make_job(this.call.as_mut(), this.bridge);
        Sealed::poll_outcome(this.call, cx)
    }
}
