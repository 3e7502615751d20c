//! `wait_frozen`: a wait that may freeze the executor of this thread.
//!
//! [`block_on::frozen`](super::block_on::frozen) says why such a wait loses no wake-up.

use std::time::Duration;

use super::{request::Terms, start::start};
use crate::{Bridge, WaitError, error::unwrap};

/// Waits for `future` on this thread, even where that freezes the executor of this
/// thread.
///
/// Use it in destructors that have to finish asynchronous clean-up, and that may run
/// in a task of a current-thread runtime, as under `#[tokio::test]`. There an
/// ordinary [`wait`](crate::wait()) is refused with [`WaitError::WouldFreeze`], and
/// a destructor can't `.await`. Where an ordinary wait works, this one does the same.
///
/// ```
/// struct Session;
///
/// impl Session {
///     async fn close(&self) {
///         tokio::time::sleep(std::time::Duration::from_millis(1)).await;
///     }
/// }
///
/// impl Drop for Session {
///     fn drop(&mut self) {
///         bridge::wait_frozen(self.close());
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let session = Session;
/// drop(session);
/// # }
/// ```
///
/// # What stands still
///
/// Where an ordinary wait is refused, everything that this thread alone drives stands
/// still until the future is ready: the other tasks of the current-thread runtime or of
/// the `LocalSet`, and the runtime's timers and sockets. The wait polls the future inside
/// the bridge's home runtime. So timers, sockets, tasks, offloaded closures and waits
/// work if the future itself makes them.
///
/// **A future that needs the frozen executor never ends.** Examples are a timer or a
/// connection that was made there, the handle of a task that runs there, and a lock that
/// such a task holds. If in doubt, bound the wait with
/// [`wait_frozen_timeout`]. A wait that keeps an executor frozen for a second warns
/// through `tracing`.
///
/// Inside the future, `yield_now` works, except in a set of futures that has wakers
/// of its own (`FuturesUnordered`), where it never ends. Where an executor of Tokio's stands
/// still, each `yield_now` takes 32 bytes until the executor goes on. Tokio's own `block_on` is
/// refused inside the future, as in any task.
///
/// # Panics
///
/// Panics with the text of a [`WaitError`] where [`try_wait_frozen`] returns that error.
/// In a destructor that runs while its thread unwinds, a second panic ends the process.
/// Use [`try_wait_frozen`] there.
///
/// # Cancel safety
///
/// The future is never dropped before it is ready, unless the wait ends in a panic.
#[track_caller]
pub fn wait_frozen<F: IntoFuture>(future: F) -> F::Output {
    unwrap(start!(F, Bridge::global(), future, Terms::FROZEN))
}

/// [`wait_frozen`], with an error instead of a panic.
///
/// # Errors
///
/// [`WaitError`] lists the reasons. [`WaitError::WouldFreeze`] is none of them.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let closed = bridge::try_wait_frozen(async { "closed" });
/// assert_eq!(closed.unwrap(), "closed");
/// # }
/// ```
#[track_caller]
pub fn try_wait_frozen<F: IntoFuture>(future: F) -> Result<F::Output, WaitError> {
    start!(F, Bridge::global(), future, Terms::FROZEN)
}

/// [`wait_frozen`] for at most `limit`; then the future is dropped.
///
/// The wait checks the limit between polls, so the limit does not bound code that blocks
/// inside the future.
///
/// # Errors
///
/// [`WaitError::TimedOut`], and the reasons of [`try_wait_frozen`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use bridge::WaitError;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // This task needs the runtime that the wait freezes.
/// let task = tokio::spawn(async {});
/// let outcome = bridge::wait_frozen_timeout(task, Duration::from_millis(10));
/// assert!(matches!(outcome, Err(WaitError::TimedOut { .. })));
/// # }
/// ```
#[track_caller]
pub fn wait_frozen_timeout<F: IntoFuture>(
    future: F,
    limit: Duration,
) -> Result<F::Output, WaitError> {
    start!(F, Bridge::global(), future, Terms::frozen_within(limit))
}
