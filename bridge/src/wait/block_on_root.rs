//! The wait in the poll of a `block_on` root. It first polls its future inside the
//! root's poll, and leaves the root's poll only if the future is pending.
//!
//! Leaving earlier would make a wait for a ready future a third slower.

use std::{
    pin::{Pin, pin},
    task::Poll,
};

use detect::probe::blocking::block_unless_in_set;
use offload_pool::Waiting;
use tokio::task::unconstrained;

use super::{
    block_on::{keep_polling, poll_once},
    block_on_frozen::poll_frozen,
    context::{DropInPlace, PinnedSlot, WaitContext, thread_ending},
    parker::ParkerLease,
    plan::BlockCheck,
};
use crate::WaitError;

/// Polls the future in `slot` until it is ready, from inside the poll of a root.
#[inline(never)]
pub(super) fn block_on_root<F: Future>(
    context: &WaitContext<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    let Some(lease) = ParkerLease::take() else {
        return Err(thread_ending(context, slot));
    };
    let mut waiting = Waiting::open_at(context.at());
    let mut slot = DropInPlace(slot);
    let mut future = slot.future();
    // The root's poll has a coop budget, which nothing renews during the wait. So the
    // future is polled without one.
    let first = poll_once(context, &lease, pin!(unconstrained(future.as_mut())));
    match first {
        Ok(Poll::Ready(value)) => Ok(value),
        Ok(Poll::Pending) => outside_root(context, &lease, &mut waiting, future),
        Err(error) => Err(error),
    }
}

/// Leaves the root's poll if Tokio allows it, and waits there. Outside the poll no coop
/// budget is in force.
#[cold]
fn outside_root<F: Future>(
    context: &WaitContext<'_>,
    lease: &ParkerLease,
    waiting: &mut Waiting,
    mut future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    let outside = WaitContext {
        check: BlockCheck::NotNeeded,
        ..*context
    };
    let body = || keep_polling(&outside, lease, waiting, future.as_mut());
    if let Some(result) = block_unless_in_set(body) {
        return result;
    }
    if context.request.may_freeze() {
        return poll_frozen(context, lease, waiting, future);
    }
    Err(context.request.would_freeze())
}
