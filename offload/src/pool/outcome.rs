//! The future of an offloaded closure, with each failure as an error.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use super::offload::{Cancelled, Offload};
use crate::vocabulary::error::OffloadError;

impl<T: Send + 'static> Offload<T> {
    /// Returns the same future with every failure as an error instead of a panic.
    ///
    /// # Errors
    ///
    /// The future returns [`OffloadError::Panicked`] with the closure's payload, or the
    /// reason why the closure has not run.
    pub fn outcome(self) -> TryOffload<T> {
        TryOffload { task: self }
    }
}

/// The future of [`Offload::outcome`].
///
/// # Cancel safety
///
/// It is the same as for [`Offload`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct TryOffload<T> {
    task: Offload<T>,
}

impl<T: Send + 'static> TryOffload<T> {
    /// Submits the job now instead of at the first poll: see [`Offload::start`].
    #[must_use = "dropping an offload withdraws its job"]
    pub fn start(self) -> Self {
        self.task.start().outcome()
    }

    /// Withdraws the job, or tells the running closure that nobody needs it any more: see
    /// [`Offload::cancel`]. The outcome can still be awaited.
    ///
    /// ```
    /// use bridge_offload::{Cancelled, OffloadError, Pool};
    ///
    /// let job = Pool::new().run(|| 7).outcome();
    /// assert_eq!(job.cancel(), Cancelled::Withdrawn);
    /// let outcome = pollster::block_on(job);
    /// assert!(matches!(outcome, Err(OffloadError::Cancelled { .. })));
    /// ```
    pub fn cancel(&self) -> Cancelled {
        self.task.cancel()
    }

    /// Returns whether the job is over: see [`Offload::is_finished`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Lets the job run although nobody awaits it: see [`Offload::detach`].
    pub fn detach(self) {
        self.task.detach();
    }
}

impl<T: Send + 'static> Future for TryOffload<T> {
    type Output = Result<T, OffloadError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.task.poll_outcome(cx)
    }
}
