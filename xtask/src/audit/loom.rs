//! The stage `loom`: runs `cargo xtask loom`, and counts its executions.
//!
//! The long form tries every order with at most two preemptions. Then it tries orders
//! with three, for a while in each test, because all of them would take hours. The short
//! form stops each test after a while.

use super::stage::{Budget, Tally};
use crate::loom::{self, Args};

/// The time for one test of the short form, in seconds.
const SHORT: u64 = 12;

/// The time for one test with three preemptions, in seconds.
const LONG: u64 = 30;

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    // The machine may be busy.
    let seconds = budget.search.as_secs() + 600;
    if budget.quick {
        let explored = loom::explore(&Args {
            seconds,
            per_test: Some(SHORT),
            ..Args::default()
        })?;
        return Ok(Tally {
            count: explored.executions,
            note: format!("{} tests, {SHORT} s each at most", explored.tests),
        });
    }
    let complete = loom::explore(&Args {
        seconds,
        ..Args::default()
    })?;
    let deeper = loom::explore(&Args {
        seconds: seconds * 2,
        preemptions: 3,
        per_test: Some(LONG),
        ..Args::default()
    })?;
    Ok(Tally {
        count: complete.executions + deeper.executions,
        note: format!(
            "{} tests: {} executions are all with at most two preemptions; others have three",
            complete.tests, complete.executions
        ),
    })
}
