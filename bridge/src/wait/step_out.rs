//! Out of a poll, if Tokio lets this thread block.
//!
//! `block_in_place` knows what no probe shows: it refuses in a `LocalSet`, and
//! to the second thread in a current-thread runtime's `block_on`, where parking
//! would freeze others; and it lets the root of a multi-thread runtime, or of a
//! `Handle::block_on`, block as it likes. Inside it, what nests may enter a
//! runtime again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    task::{Context, Waker},
};

use detect::Place;
use tokio::task::{block_in_place, coop};

/// Runs `body` as code that may block; `None` if Tokio refuses that here, and
/// then `body` has not run.
pub(crate) fn step_out<T>(body: impl FnOnce() -> T) -> Option<T> {
    // To a worker Tokio gives the budget back itself; to a root this does, so
    // that it is taken for one afterwards.
    let budget = coop::poll_proceed(&mut Context::from_waker(Waker::noop()));
    let mut is_out = false;
    // Tokio refuses with a panic.
    let result = catch_unwind(AssertUnwindSafe(|| {
        block_in_place(|| {
            is_out = true;
            body()
        })
    }));
    // Of a budget that was used up there is nothing to give back.
    if is_out && budget.is_pending() {
        detect::renew_budget();
    }
    match result {
        Ok(value) => Some(value),
        Err(payload) if is_out => resume_unwind(payload),
        Err(_refused) => None,
    }
}

/// The same, for what may be the poll of a `LocalSet` that somebody drives who
/// entered no runtime, so that Tokio has nothing against blocking: `None` there
/// too. In such a poll there is a budget, which is gone out of a runtime's.
pub(super) fn step_out_of_set<T>(body: impl FnOnce() -> T) -> Option<T> {
    step_out(|| (Place::current() != Place::Root).then(body)).flatten()
}
