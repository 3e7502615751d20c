//! The stages of the audit, in their order.

use std::time::Duration;

use super::{breaks, loom, shuttle, stage::Stage};

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
            name: "shuttle",
            purpose: "the whole pool, in random orders of steps, with time at random",
            unit: "schedules",
            quick: Some(Duration::from_secs(25)),
            full: Duration::from_mins(8),
            part_of_the_whole: true,
            needs: &[],
            work: shuttle::run,
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
