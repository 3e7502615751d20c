//! The stages of the audit, in their order.

use std::time::Duration;

use super::{faults, loom, stage::Stage};

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
            name: "faults",
            purpose: "a program for each promise, in a process of its own",
            unit: "programs",
            quick: Some(Duration::from_secs(30)),
            full: Duration::from_mins(5),
            part_of_the_whole: true,
            needs: &[],
            work: faults::run,
        },
    ]
}
