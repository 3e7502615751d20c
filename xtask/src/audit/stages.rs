//! The stages of the audit, in their order.

use std::time::Duration;

use super::{breaks, loom, stage::Stage};

pub(super) fn all() -> Vec<Stage> {
    vec![
        Stage {
            name: "loom",
            purpose: "the small protocols, in every order of steps",
            unit: "executions",
            quick: Some(Duration::from_mins(2)),
            full: Duration::from_mins(10),
            part_of_the_whole: true,
            needs: &[],
            work: loom::run,
        },
        Stage {
            name: "breaks",
            purpose: "each listed weakening of the product is caught by a test",
            unit: "breaks",
            quick: None,
            full: Duration::from_hours(1),
            part_of_the_whole: false,
            needs: &[],
            work: breaks::run,
        },
    ]
}
