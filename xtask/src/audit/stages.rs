//! The stages of the audit, in their order.

use std::time::Duration;

use super::{breaks, coverage, faults, loom, sanitizer, shuttle, soak, stage::Stage, valgrind};
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
        Stage {
            name: "soak",
            purpose: "a million calls leave no thread, descriptor, memory or reference",
            unit: "calls",
            quick: Some(Duration::from_mins(2)),
            full: Duration::from_mins(30),
            part_of_the_whole: true,
            needs: &[],
            work: soak::run,
        },
        Stage {
            name: "address",
            purpose: "no use of memory that is gone, and no leak",
            unit: "tests",
            quick: None,
            full: Duration::from_mins(15),
            part_of_the_whole: true,
            needs: &[Tool::Nightly],
            work: sanitizer::address,
        },
        Stage {
            name: "thread",
            purpose: "no two threads use the same memory without an order",
            unit: "tests",
            quick: None,
            full: Duration::from_mins(15),
            part_of_the_whole: true,
            needs: &[Tool::Nightly, Tool::NightlySource],
            work: sanitizer::thread,
        },
        Stage {
            name: "valgrind",
            purpose: "no read of memory that was never written",
            unit: "tests",
            quick: None,
            full: Duration::from_mins(20),
            part_of_the_whole: true,
            needs: &[Tool::Valgrind],
            work: valgrind::run,
        },
        Stage {
            name: "coverage",
            purpose: "each piece of the pool and the waits is reached, or explained",
            unit: "regions",
            quick: None,
            full: Duration::from_mins(20),
            part_of_the_whole: false,
            needs: &[Tool::LlvmCov, Tool::LlvmTools],
            work: coverage::run,
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
