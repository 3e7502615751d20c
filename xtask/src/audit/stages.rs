//! The stages of the audit, in their order.

use std::time::Duration;

use super::{fuzz, loom, peers, proptest, stage::Stage};
use crate::tools::Tool;

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
            name: "proptest",
            purpose: "random contexts, calls, adapters and pools against models",
            unit: "cases",
            quick: Some(Duration::from_secs(25)),
            full: Duration::from_mins(8),
            part_of_the_whole: true,
            needs: &[],
            work: proptest::run,
        },
        Stage {
            name: "fuzz",
            purpose: "arbitrary programs, nestings and signatures",
            unit: "inputs",
            quick: Some(Duration::from_secs(15)),
            full: Duration::from_mins(5),
            part_of_the_whole: true,
            needs: &[],
            work: fuzz::run,
        },
        Stage {
            name: "peers",
            purpose: "the tests of other crates, with blocking code on the bridge",
            unit: "tests",
            quick: None,
            full: Duration::from_mins(5),
            part_of_the_whole: true,
            needs: &[Tool::Peers],
            work: peers::run,
        },
    ]
}
