//! The stage `loom`: runs `cargo xtask loom`, and counts its executions.

use super::stage::{Budget, Tally};
use crate::loom;

/// The number of preemptions that loom explores in an execution of the long form.
const PREEMPTIONS: u32 = 3;

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let mut args = loom::Args::default();
    if !budget.quick {
        args.preemptions = PREEMPTIONS;
    }
    args.seconds = budget.search.as_secs();
    let explored = loom::explore(&args)?;
    Ok(Tally {
        count: explored.executions,
        note: format!("{} tests", explored.tests),
    })
}
