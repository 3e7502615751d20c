//! The loop of a wait: polls the future, and pauses between polls.
//!
//! The caller has entered the runtime in which the future is polled. [`block_on`] opens the
//! wait and polls once. If the future is pending, [`keep_polling`] is the loop, and [`pause`]
//! lasts from one poll to the next: it spins, then parks. The
//! [`watchdog`](super::watchdog) says when the wait must end.
//!
//! [`root`] and [`frozen`] wait inside the poll of another executor. They open the wait by
//! the same [`open`], and have the same loop.

pub(super) mod frozen;
pub(super) mod root;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

use detect::ThreadTag;
use offload_pool::Waiting;

use super::{
    may_block::check_before_park, panicked::panicked, parker::ParkerLease, request::WaitContext,
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
    open(context, slot, |wait, mut future| {
        match poll_once(&wait, future.as_mut()) {
            Ok(Poll::Ready(value)) => Ok(value),
            Ok(Poll::Pending) => {
                // On a plain thread the context says `NoCheck`.
                check_before_park(wait.context)?;
                // `&mut` forces `wait` into memory, so it is taken only for a pending future.
                keep_polling(&mut { wait }, future)
            }
            Err(error) => Err(error),
        }
    })
}

/// Pauses and polls in turn, until the future is ready or the watchdog ends the wait. The
/// first poll has returned `Pending`.
#[cold]
fn keep_polling<F: Future>(
    wait: &mut OpenWait<'_>,
    mut future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    let mut watchdog = Watchdog::start(wait.context, wait.lease);
    loop {
        // A job that was lent to this thread may be what the future waits for.
        if !wait.waiting.run_lent() {
            pause(wait, &mut watchdog)?;
        }
        if let Poll::Ready(value) = poll_once(wait, future.as_mut())? {
            return Ok(value);
        }
    }
}

/// Waits until the future should be polled again: spins for a wake-up, then parks.
///
/// This is a separate function, so that its frame takes no stack while the future is polled.
#[cold]
fn pause(wait: &mut OpenWait<'_>, watchdog: &mut Watchdog<'_>) -> Result<(), WaitError> {
    let OpenWait {
        context, waiting, ..
    } = wait;
    let parker = watchdog.check_limits()?;
    if parker.spin_for_wake_up(context.spin_limit(), context.deadline()) {
        waiting.skip_park();
        return watchdog.after_spin(parker);
    }
    let alarm = watchdog.before_park(parker)?;
    // A pool lists the waits of its own threads.
    if !waiting.is_on_pool_thread() {
        watchdog.list_wait(parker);
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
fn poll_once<F: Future>(
    wait: &OpenWait<'_>,
    future: Pin<&mut F>,
) -> Result<Poll<F::Output>, WaitError> {
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let _tag = ThreadTag::Wait.set();
        future.poll(&mut wait.lease.context())
    }));
    match polled {
        Ok(poll) => Ok(poll),
        Err(payload) => Err(panicked(payload, wait.context)),
    }
}

/// A wait that is open on this thread.
struct OpenWait<'a> {
    context: &'a WaitContext<'a>,
    /// Tells the pool when this thread parks, if it is a thread of a pool. On any other
    /// thread this just parks.
    waiting: &'a mut Waiting,
    lease: &'a ParkerLease,
}

/// Opens a wait for the future in `slot`, and runs `body`, which polls the future. Then drops
/// the future in its slot, and closes the wait.
///
/// # Errors
///
/// Returns [`WaitError::ThreadEnding`] if the locals of this thread are gone, and otherwise
/// what `body` returns.
#[inline]
fn open<F: Future>(
    context: &WaitContext<'_>,
    slot: PinnedSlot<'_, F>,
    body: impl FnOnce(OpenWait<'_>, Pin<&mut F>) -> Result<F::Output, WaitError>,
) -> Result<F::Output, WaitError> {
    let Some(lease) = ParkerLease::take() else {
        return Err(thread_ending(context, slot));
    };
    // From here on the pool may lend jobs to this thread, if it is a thread of the pool.
    let mut waiting = Waiting::open_at(context.at());
    let mut slot = DropInPlace(slot);
    let wait = OpenWait {
        context,
        waiting: &mut waiting,
        lease: &lease,
    };
    body(wait, slot.future())
}

/// Drops the future of a wait on a thread whose locals are gone. Returns the error.
#[cold]
fn thread_ending<F>(context: &WaitContext<'_>, slot: PinnedSlot<'_, F>) -> WaitError {
    drop(DropInPlace(slot));
    WaitError::ThreadEnding { at: context.at() }
}

/// The future of a wait, pinned in the caller's frame.
///
/// The future stays there, because an unoptimised build copies a moved value once for each
/// function on the way.
pub(super) type PinnedSlot<'a, F> = Pin<&'a mut Option<F>>;

/// Drops the future at the end of its scope, while the runtime that polled the future
/// is still entered.
struct DropInPlace<'a, F>(PinnedSlot<'a, F>);

impl<F> DropInPlace<'_, F> {
    /// Returns the future, which is still in its slot.
    #[inline]
    fn future(&mut self) -> Pin<&mut F> {
        match self.0.as_mut().as_pin_mut() {
            Some(future) => future,
            None => unreachable!("a slot is empty only after its wait"),
        }
    }
}

impl<F> Drop for DropInPlace<'_, F> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(None);
    }
}
