//! Whether Tokio lets this thread block: only `block_in_place` knows.
//!
//! The question cannot be asked alone. So the functions here act: they run the caller's
//! code inside `block_in_place`, and say if Tokio has refused that.
//!
//! `block_in_place` refuses with a panic where parking would stop others: in the
//! task of a `LocalSet`, and on the second thread in a current-thread runtime's
//! `block_on`. It allows the root of a multi-thread runtime and the root of a
//! `Handle::block_on`. Inside `block_in_place`, code may enter a runtime again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    task::{Context, Waker},
};

use tokio::task::{block_in_place, coop};

use super::budget;
use crate::Place;

/// Runs `body` inside `block_in_place`. Returns `None`, without running `body`, where
/// Tokio refuses that.
///
/// # Panics
///
/// Resumes the panic of `body`.
pub fn block_if_allowed<T>(body: impl FnOnce() -> T) -> Option<T> {
    // After `block_in_place`, Tokio gives a worker its budget back, but leaves a root
    // without a budget. A root without a budget looks like blocking code. So this guard
    // restores the budget when it drops.
    let budget = coop::poll_proceed(&mut Context::from_waker(Waker::noop()));
    let mut is_allowed = false;
    let result = catch_unwind(AssertUnwindSafe(|| {
        block_in_place(|| {
            is_allowed = true;
            body()
        })
    }));
    // A budget that was used up has no guard that restores it.
    if is_allowed && budget.is_pending() {
        budget::renew_budget();
    }
    match result {
        Ok(value) => Some(value),
        Err(payload) if is_allowed => resume_unwind(payload),
        Err(_refusal) => None,
    }
}

/// Like [`block_if_allowed`], but also refuses in a `LocalSet` that is polled without a
/// runtime. Tokio allows blocking there, although it stops the set.
///
/// The coop budget shows such a set. `block_in_place` takes the budget from a poll of a
/// runtime, and leaves it in force in a set that is polled without one.
///
/// # Panics
///
/// Resumes the panic of `body`.
pub fn block_unless_in_set<T>(body: impl FnOnce() -> T) -> Option<T> {
    block_if_allowed(|| (Place::current() != Place::Root).then(body)).flatten()
}
