//! The result of `.dispatch()`: a value, or a call that the caller awaits.

use std::{
    fmt,
    pin::Pin,
    task::{self, Poll},
};

use detect::Context;
use pin_project_lite::pin_project;

use super::{Call, sealed::Sealed};
use crate::{
    maybe_boxed::MaybeBoxed,
    route::{Route, route},
};

pin_project! {
    /// A dispatched call. In sync code it has run and is ready. In async code it is
    /// pending.
    ///
    /// Async code awaits it, because it is a [`Future`] either way. Sync code takes the
    /// value with [`wait`](Outcome::wait).
    ///
    /// ```
    /// use bridge::smartasync;
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 {
    ///     42
    /// }
    ///
    /// let outcome = answer().dispatch();
    /// assert!(outcome.is_ready(), "no runtime here, so it ran");
    /// assert_eq!(outcome.wait(), 42);
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let outcome = answer().dispatch();
    /// assert!(!outcome.is_ready(), "a task must not block, so it did not");
    /// assert_eq!(outcome.await, 42);
    /// # });
    /// ```
    #[must_use = "in async code the function has not run: `.await` the outcome, or its work and its result are lost"]
    pub struct Outcome<C: Call> {
        #[pin]
        state: State<C>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<C: Call> {
        Ready { value: Option<C::Output> },
        Pending { #[pin] call: MaybeBoxed<C> },
    }
}

/// Runs the call if this thread may block, and leaves it pending otherwise.
#[track_caller]
pub(super) fn dispatch<C: Call>(call: MaybeBoxed<C>) -> Outcome<C> {
    let state = match route(Context::current(), Sealed::kind(&*call)) {
        Route::Wait | Route::Direct => State::Ready {
            value: Some(wait(call)),
        },
        Route::Await | Route::Offload => State::Pending { call },
    };
    Outcome { state }
}

/// Runs a call. It is a function of its own, so that a call which is left pending does not
/// pay for it.
#[inline(never)]
#[track_caller]
fn wait<C: Call>(call: MaybeBoxed<C>) -> C::Output {
    Sealed::run(call)
}

impl<C: Call> Outcome<C> {
    /// Returns whether the call has run.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready { .. })
    }

    /// Returns the value. Waits if the call has not run.
    ///
    /// # Panics
    ///
    /// If the call has not run, this panics as [`Call::wait`] does. It also panics if a poll
    /// has taken the value.
    #[track_caller]
    pub fn wait(self) -> C::Output {
        match self.state {
            State::Ready { value } => value.expect("the outcome's value was taken by polling"),
            State::Pending { call } => Sealed::run(call),
        }
    }
}

impl<C: Call> Future for Outcome<C> {
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<C::Output> {
        match self.project().state.project() {
            StateProj::Ready { value } => Poll::Ready(
                value
                    .take()
                    .expect("the outcome was polled after it was ready"),
            ),
            StateProj::Pending { call } => call.poll(cx),
        }
    }
}

impl<C: Call> fmt::Debug for Outcome<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_ready() {
            "Outcome(ready)"
        } else {
            "Outcome(pending)"
        })
    }
}
