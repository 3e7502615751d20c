//! The wait in the poll of a `block_on` root. It first polls its future inside the
//! root's poll, and leaves the root's poll only if the future is pending.
//!
//! Leaving earlier would make a wait for a ready future a third slower.

use std::{
    pin::{Pin, pin},
    task::Poll,
};

use detect::probe::blocking::block_unless_in_set;
use tokio::task::unconstrained;

use super::{OpenWait, PinnedSlot, frozen::poll_frozen, keep_polling, open, poll_once};
use crate::{WaitError, wait::request::WaitContext};

/// Polls the future in `slot` until it is ready, from inside the poll of a root.
#[inline(never)]
pub(crate) fn block_on_root<F: Future>(
    context: &WaitContext<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    open(context, slot, |wait, mut future| {
        // The root's poll has a coop budget, which nothing renews during the wait. So the
        // future is polled without one.
        let first = poll_once(&wait, pin!(unconstrained(future.as_mut())));
        match first {
            Ok(Poll::Ready(value)) => Ok(value),
            Ok(Poll::Pending) => outside_root(&mut { wait }, future),
            Err(error) => Err(error),
        }
    })
}

/// Leaves the root's poll if Tokio allows it, and waits there. Outside the poll no coop
/// budget is in force.
#[cold]
fn outside_root<F: Future>(
    wait: &mut OpenWait<'_>,
    mut future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    let body = || keep_polling(wait, future.as_mut());
    if let Some(result) = block_unless_in_set(body) {
        return result;
    }
    let request = wait.context.request;
    if request.may_freeze() {
        return poll_frozen(wait, future);
    }
    Err(request.would_freeze())
}
