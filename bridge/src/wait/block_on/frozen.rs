//! The wait inside a poll that it freezes.
//!
//! A current-thread runtime, a `LocalSet` and a foreign executor cannot hand their other
//! tasks to another thread. So a wait in such a poll freezes them, even where Tokio
//! allows `block_in_place`. The wait polls its future within that poll, with the home
//! runtime entered. Home's threads drive the future's timers, sockets and tasks.
//!
//! # Why no wake-up is lost
//!
//! The future is polled with the waker of this thread's parker. A wake-up leaves a token
//! with the parker, which keeps it until the thread takes it. So a wake-up from any
//! other thread ends the next park, even if it comes before that park. Only wake-ups
//! that come through the frozen executor could be lost, because it does not run. There
//! are three kinds:
//!
//! * **The coop budget.** The outer poll has a budget. When the budget is used up,
//!   Tokio's resources return `Pending` and leave their waker with the scheduler. To
//!   avoid this, the wait polls the future as `unconstrained`.
//! * **`yield_now`** leaves its waker with the scheduler too. [`DeferredWakes`] notices
//!   that, and the wait polls the future again at once. The scheduler's list grows by that
//!   waker and by the marker of the probe. Only the scheduler can empty the list, after the
//!   frozen poll.
//! * **Timers, sockets and tasks of the frozen executor.** A future that needs them
//!   never ends, as the documentation of [`wait_frozen`](crate::wait_frozen) says.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use detect::probe::deferred_wake::DeferredWakes;
use tokio::task::unconstrained;

use super::{OpenWait, PinnedSlot, keep_polling, open, poll_once};
use crate::{
    WaitError,
    wait::{
        freeze,
        request::{Freezes, WaitContext},
    },
};

/// Polls the future in `slot` until it is ready, inside the poll that the wait freezes.
pub(crate) fn block_on_frozen<F: Future>(
    context: &WaitContext<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    open(context, slot, |mut wait, future| {
        poll_frozen(&mut wait, future)
    })
}

/// Polls the future inside the poll that this freezes, and pauses between polls.
#[cold]
#[inline(never)]
pub(super) fn poll_frozen<F: Future>(
    wait: &mut OpenWait<'_>,
    future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    let _allowed = freeze::allow();
    let context = &WaitContext {
        freezes: Freezes::Executor,
        ..*wait.context
    };
    let wait = &mut OpenWait {
        context,
        waiting: wait.waiting,
        lease: wait.lease,
    };
    let deferred = DeferredWakes::new();
    let mut unbudgeted = pin!(unconstrained(future));
    let mut future = pin!(poll_fn(|cx| {
        deferred.mark();
        let poll = unbudgeted.as_mut().poll(cx);
        if poll.is_pending() && deferred.mark() {
            cx.waker().wake_by_ref();
        }
        poll
    }));
    match poll_once(wait, future.as_mut())? {
        Poll::Ready(value) => Ok(value),
        Poll::Pending => keep_polling(wait, future),
    }
}
