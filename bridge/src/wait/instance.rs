//! The methods of a [`Bridge`] that wait.

use std::time::Duration;

use super::{request::Terms, start::start};
use crate::{Bridge, WaitError, error::unwrap};

impl Bridge {
    /// Waits for `future` on this thread.
    ///
    /// The future need be neither `Send` nor `'static`. A builder that implements
    /// [`IntoFuture`] may be passed as it is: see [`Wait`](crate::Wait#builders).
    ///
    /// # Panics
    ///
    /// Panics with the text of a [`WaitError`] where [`try_wait`](Self::try_wait)
    /// returns that error.
    #[track_caller]
    pub fn wait<F: IntoFuture>(&self, future: F) -> F::Output {
        unwrap(start!(F, self, future, Terms::NONE))
    }

    /// Waits for `future` on this thread, or says why that can't be.
    ///
    /// # Errors
    ///
    /// [`WaitError`] lists the reasons.
    #[track_caller]
    pub fn try_wait<F: IntoFuture>(&self, future: F) -> Result<F::Output, WaitError> {
        start!(F, self, future, Terms::NONE)
    }

    /// Waits for `future` on this thread for at most `limit`, then drops it.
    ///
    /// The wait checks the limit between polls. So the limit does not bound code that
    /// blocks inside the future, such as an inner wait.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], and what [`try_wait`](Self::try_wait) fails
    /// with.
    #[track_caller]
    pub fn wait_timeout<F: IntoFuture>(
        &self,
        future: F,
        limit: Duration,
    ) -> Result<F::Output, WaitError> {
        start!(F, self, future, Terms::within(limit))
    }

    /// Waits for `future` on this thread, even where that freezes the executor of this
    /// thread; see [`wait_frozen`](crate::wait_frozen).
    ///
    /// # Panics
    ///
    /// Panics with the text of a [`WaitError`].
    #[track_caller]
    pub fn wait_frozen<F: IntoFuture>(&self, future: F) -> F::Output {
        unwrap(start!(F, self, future, Terms::FROZEN))
    }

    /// [`wait_frozen`](Self::wait_frozen), with an error instead of a panic; see
    /// [`try_wait_frozen`](crate::try_wait_frozen).
    ///
    /// # Errors
    ///
    /// [`WaitError`] lists the reasons. [`WaitError::WouldFreeze`] is none of them.
    #[track_caller]
    pub fn try_wait_frozen<F: IntoFuture>(&self, future: F) -> Result<F::Output, WaitError> {
        start!(F, self, future, Terms::FROZEN)
    }

    /// [`wait_frozen`](Self::wait_frozen) for at most `limit`; see
    /// [`wait_frozen_timeout`](crate::wait_frozen_timeout).
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], and what
    /// [`try_wait_frozen`](Self::try_wait_frozen) fails with.
    #[track_caller]
    pub fn wait_frozen_timeout<F: IntoFuture>(
        &self,
        future: F,
        limit: Duration,
    ) -> Result<F::Output, WaitError> {
        start!(F, self, future, Terms::frozen_within(limit))
    }
}
