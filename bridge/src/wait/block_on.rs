//! The loop of a wait: polls the future, and pauses between polls.
//!
//! The caller has entered the runtime in which the future is polled: home on a plain
//! thread, and elsewhere the runtime of the [plan](super::plan). The
//! [watchdog](super::watchdog) ends a wait whose runtime has ended, and warns of one
//! that may be stuck.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

use detect::ThreadTag;
use offload_pool::Waiting;

use super::{
    context::{DropInPlace, PinnedSlot, WaitContext, thread_ending},
    panicked::panicked,
    parker::ParkerLease,
    watchdog::Watchdog,
};
use crate::WaitError;

/// Polls the future in `slot` on this thread until it is ready.
///
/// # Errors
///
/// Returns why the wait ended before the future was ready. Usually the watchdog says so:
/// the runtime ended, the deadline passed, this process is a fork's child, or the pool
/// has no thread left for what this wait needs. The wait also ends if the thread's
/// locals are gone, or if Tokio does not let the thread block.
#[inline]
pub(super) fn block_on<F: Future>(
    context: &WaitContext<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    let Some(lease) = ParkerLease::take() else {
        return Err(thread_ending(context, slot));
    };
    // From here on the pool may lend jobs to this thread, if it is a thread of the pool.
    let mut waiting = Waiting::open_at(context.at());
    let mut slot = DropInPlace(slot);
    let mut future = slot.future();
    match poll_once(context, &lease, future.as_mut()) {
        Ok(Poll::Ready(value)) => Ok(value),
        Ok(Poll::Pending) => {
            context.check_before_park()?;
            keep_polling(context, &lease, &mut waiting, future)
        }
        Err(error) => Err(error),
    }
}

/// Pauses and polls in turn. The first poll has returned `Pending`.
#[cold]
pub(super) fn keep_polling<F: Future>(
    context: &WaitContext<'_>,
    lease: &ParkerLease,
    waiting: &mut Waiting,
    mut future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    let mut watchdog = Watchdog::start(context);
    loop {
        // A job that was lent to this thread may be what the future waits for.
        if !waiting.run_lent() {
            pause(&mut watchdog, lease, waiting)?;
        }
        if let Poll::Ready(value) = poll_once(context, lease, future.as_mut())? {
            return Ok(value);
        }
    }
}

/// Waits until the future should be polled again: spins for a wake-up, then parks.
#[cold]
pub(super) fn pause(
    watchdog: &mut Watchdog<'_>,
    lease: &ParkerLease,
    waiting: &mut Waiting,
) -> Result<(), WaitError> {
    let parker = watchdog.check_limits(lease)?;
    if parker.spin_for_wake_up(watchdog.spin_limit(), watchdog.deadline()) {
        waiting.skip_park();
        return watchdog.after_spin(parker);
    }
    let alarm = watchdog.before_park(parker)?;
    // A pool lists the waits of its own threads.
    if !waiting.is_on_pool_thread() {
        watchdog.note_wait();
    }
    let ended = waiting.park(parker, Some(alarm));
    watchdog.after_park(ended, || waiting.report())
}

/// Polls the future once, tagged as the poll of a wait.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "as a call it costs a ready wait 8 ns, inlined 0.7"
)]
pub(super) fn poll_once<F: Future>(
    context: &WaitContext<'_>,
    lease: &ParkerLease,
    future: Pin<&mut F>,
) -> Result<Poll<F::Output>, WaitError> {
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let _tag = ThreadTag::Wait.set();
        future.poll(&mut lease.context())
    }));
    match polled {
        Ok(poll) => Ok(poll),
        Err(payload) => Err(panicked(payload, context)),
    }
}
