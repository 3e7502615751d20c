//! The marking wrapper, for executors that leave no trace.

use std::{
    pin::Pin,
    task::{self, Poll},
};

use pin_project_lite::pin_project;

use crate::{Context, Mark, Place};

/// Makes the polls of `future` count as async, whoever makes them.
///
/// smol, pollster and the executors of `futures` leave nothing on a thread
/// that could be looked up, so code they poll appears to be sync code. Wrap
/// what you hand to such an executor, once, at its outermost:
///
/// ```
/// use bridge_detect::{Context, in_async};
///
/// let seen = pollster::block_on(async { Context::current() });
/// assert_eq!(seen, Context::Sync);
///
/// let seen = pollster::block_on(in_async(async { Context::current() }));
/// assert_eq!(seen, Context::Async);
/// ```
///
/// Only the polls are marked, and only on the thread that makes them: not what
/// the future offloads or spawns, nor its destructor. Where the poll is
/// detected anyway, as in a Tokio task, the wrapper adds nothing, so wrapping
/// once too often does no harm there; nor does it tell of an executor which is
/// run inside such a poll.
///
/// Inside it, under another executor, a `block_in_place` is still taken for the
/// poll around it: that executor has no such thing, and would freeze.
pub fn in_async<F: Future>(future: F) -> InAsync<F> {
    InAsync { future }
}

pin_project! {
    /// The future of [`in_async`].
    #[derive(Clone, Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct InAsync<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for InAsync<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        // A mark under a Tokio poll would outlive the evidence inside a
        // `block_in_place`, and would call that blocking section a poll. A wait
        // leaves no evidence but a mark of its own.
        let place = Place::current();
        let is_unmarked = place == Place::Wait || place.context() != Context::Async;
        let _mark = is_unmarked.then(|| Mark::Foreign.set());
        self.project().future.poll(cx)
    }
}
