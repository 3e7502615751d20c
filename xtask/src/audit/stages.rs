//! The stages of the audit, in their order.

use std::time::Duration;

use super::{loom, stage::Stage};

pub(super) fn all() -> Vec<Stage> {
    vec![Stage {
        name: "loom",
        purpose: "the small protocols, in every order of steps",
        unit: "executions",
        quick: Some(Duration::from_mins(2)),
        full: Duration::from_mins(10),
        part_of_the_whole: true,
        needs: &[],
        work: loom::run,
    }]
}
