//! Is a coop budget in force? Then this is a poll.

use std::task::{Context, Poll, Waker};

use tokio::task::coop;

/// How many operations a coop budget allows at most.
const BUDGET: usize = 128;

/// Whether this thread is inside a poll that Tokio budgets.
pub(crate) fn budget_in_force() -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(_restore) = coop::poll_proceed(&mut cx) else {
        return true;
    };
    for _ in 0..BUDGET {
        match coop::poll_proceed(&mut cx) {
            Poll::Ready(taken) => taken.made_progress(),
            Poll::Pending => return true,
        }
    }
    false
}
