//! Waiting where that freezes the executor which polls this thread.
//!
//! A wait may not step out of the poll of a current-thread runtime, of a `LocalSet`
//! or of a foreign executor, and Tokio refuses `block_in_place` and `block_on`
//! there. So a frozen wait polls its future within that poll, on this thread, with
//! the home runtime entered. Home's threads drive its timers, sockets and tasks.
//!
//! # Why no wake-up is lost
//!
//! The future is polled with the waker of this thread's parker, which keeps a token
//! until the thread takes it. So a wake-up from any other thread ends the next park,
//! whenever it comes. Only wake-ups that come through the frozen executor could be
//! lost, because it does not run. There are three kinds:
//!
//! * **The coop budget.** The outer poll has a budget. When it is used up, Tokio's
//!   resources return `Pending` and leave their waker with the scheduler. So the
//!   future is polled as `unconstrained`.
//! * **`yield_now`** leaves its waker with the scheduler too. [`Deferred`] notices
//!   that this has happened in a poll, and the future is polled again at once.
//! * **Timers, sockets and tasks of the frozen executor.** A future that needs them
//!   never ends, as the documentation of [`wait_frozen`] says.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use detect::Mark;
use offload_pool::Waiting;
use tokio::task::{self, Id, unconstrained, yield_now};

use super::{
    drive::{Dropping, Ground, Held, ending, panicked},
    parkers::Seat,
    pause::Pause,
    route::Standing,
    start::{Terms, start},
};
use crate::{Bridge, WaitError, call::unwrap};

/// Waits for `future` on this thread, even where that freezes the executor which
/// polls it.
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
/// still until the future is ready: the other tasks of the current-thread runtime or
/// of the `LocalSet`, and the runtime's timers and sockets. The future is polled
/// inside the bridge's home runtime, so what it makes itself works: timers, sockets,
/// tasks, offloaded closures, and waits.
///
/// **A future that needs the frozen executor never ends.** Examples are a timer, a
/// socket or a connection that was made there, the handle of a task that runs there,
/// and a lock that such a task holds. If in doubt, bound the wait by
/// [`wait_frozen_timeout`]. A wait that keeps an executor frozen for a second warns
/// through `tracing`.
///
/// Inside the future, `yield_now` works, except in a set of futures that has wakers
/// of its own (`FuturesUnordered`), where it never ends. Tokio's own `block_on` is
/// refused inside the future, as in any task.
///
/// # Panics
///
/// With the text of a [`WaitError`]. A destructor that runs while its thread unwinds
/// from a panic ends the process if it panics: [`try_wait_frozen`] does not.
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
/// The limit is looked at between polls, so it does not bound what blocks inside the
/// future.
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

thread_local! {
    /// The poll in which the innermost wait that may freeze its executor was made.
    static FROZEN: Cell<Option<InPoll>> = const { Cell::new(None) };
}

/// A poll, by the task that it is of; a root is of none.
#[derive(Clone, Copy, PartialEq, Eq)]
struct InPoll(Option<Id>);

impl InPoll {
    fn current() -> Self {
        Self(task::try_id())
    }
}

/// Whether this is inside a wait that may freeze the executor of this thread.
///
/// A job that the pool lends to this thread waits as the frozen wait does. It can't
/// step out of the frozen poll, and the poll goes on only after the job.
#[inline]
pub(super) fn is_around() -> bool {
    FROZEN.get().is_some_and(|poll| poll == InPoll::current())
}

/// The note of a wait that may freeze its executor, in force until it is dropped.
pub(super) struct Noted(Option<InPoll>);

/// Notes that a wait which may freeze its executor begins on this thread.
#[cold]
pub(super) fn note() -> Noted {
    Noted(FROZEN.replace(Some(InPoll::current())))
}

impl Drop for Noted {
    fn drop(&mut self) {
        FROZEN.set(self.0);
    }
}

/// Drives a future to its end inside the poll that it freezes. The runtime of
/// `ground` is entered.
pub(super) fn drive<F: Future>(
    ground: &Ground<'_>,
    held: Held<'_, F>,
) -> Result<F::Output, WaitError> {
    let Some(seat) = Seat::take() else {
        return Err(ending(ground, held));
    };
    let mut waiting = Waiting::open();
    let mut held = Dropping(held);
    let Some(future) = held.0.as_mut().as_pin_mut() else {
        unreachable!("a wait drives its future once");
    };
    finish(ground, &seat, &mut waiting, future)
}

/// Polls and pauses in turn.
#[cold]
#[inline(never)]
pub(super) fn finish<F: Future>(
    ground: &Ground<'_>,
    seat: &Seat,
    waiting: &mut Waiting,
    mut future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    let frozen = Ground {
        standing: Standing::Frozen,
        ..*ground
    };
    let deferred = Deferred::new();
    let mut pause = Pause::new(&frozen)?;
    loop {
        deferred.mark();
        match catch_unwind(AssertUnwindSafe(|| {
            let _mark = Mark::Wait.set();
            pin!(unconstrained(future.as_mut())).poll(&mut seat.context())
        })) {
            Ok(Poll::Ready(value)) => return Ok(value),
            Ok(Poll::Pending) if deferred.mark() => seat.parker().unparker().unpark(),
            Ok(Poll::Pending) => (),
            Err(payload) => return Err(panicked(payload, &frozen)),
        }
        if !waiting.run_lent() {
            pause.take(seat, waiting)?;
        }
    }
}

/// Notices that a poll has left a waker with the frozen scheduler.
///
/// Tokio's scheduler keeps a list of the wakers that `yield_now` leaves with it, and
/// adds none that equals the last. A waker of our own is put last before the poll,
/// and put there again afterwards. If it is added a second time, the poll has added
/// another. Whether it is added shows in its reference count, because nobody else
/// holds it. Under other executors `yield_now` wakes at once, and nothing is added.
struct Deferred {
    marker: Arc<Marker>,
    waker: Waker,
}

/// A waker that wakes nobody.
struct Marker;

impl Wake for Marker {
    fn wake(self: Arc<Self>) {}
}

impl Deferred {
    fn new() -> Self {
        let marker = Arc::new(Marker);
        Self {
            waker: Waker::from(Arc::clone(&marker)),
            marker,
        }
    }

    /// Puts the marker last. Returns whether it was not.
    fn mark(&self) -> bool {
        let before = Arc::strong_count(&self.marker);
        let _pending = pin!(yield_now()).poll(&mut Context::from_waker(&self.waker));
        Arc::strong_count(&self.marker) != before
    }
}
