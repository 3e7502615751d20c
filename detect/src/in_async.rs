//! The wrapper that tags polls, for executors that leave no trace on a thread.

use std::{
    pin::Pin,
    task::{self, Poll},
};

use pin_project_lite::pin_project;

use crate::{Context, Place, ThreadTag};

/// Makes the polls of `future` count as async, on any executor.
///
/// smol, pollster and the executors of `futures` leave nothing on a thread that could
/// be looked up, so the code that they poll appears to be sync code. Wrap the outermost
/// future that you hand to such an executor, once:
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
/// The wrapper tags the polls of the future on the thread that makes them. It tags
/// neither what the future offloads or spawns, nor the future's destructor.
///
/// Where a poll of Tokio's is detected anyway, as in a task, the wrapper adds nothing. But do
/// not wrap a future that the bridge itself waits on: inside the wrapper each nested wait is
/// refused, because another executor may poll there.
///
/// # Cancel safety
///
/// A drop of the wrapper drops the future, and does nothing else.
///
/// # Corner cases
///
/// * An executor that is run inside a detected poll stays undetected, although the
///   wrapper is around it.
/// * Inside the wrapper, under another executor, `block_in_place` still counts as
///   async. That executor cannot hand its tasks over, so blocking would freeze it.
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
        // Inside a poll of Tokio, no tag is set: it would stay in force inside a
        // `block_in_place`, and so make blocking code look like a poll. Inside a wait,
        // another executor may make this poll, and only this tag shows that.
        let place = Place::current();
        let needs_tag = place == Place::Wait || place.context() != Context::Async;
        let _tag = needs_tag.then(|| ThreadTag::Foreign.set());
        self.project().future.poll(cx)
    }
}
