//! The stages of the audit, in their order.

use std::time::Duration;

use super::{
    breaks, coverage, faults, fuzz, loom, miri, peers, proptest, sanitizer, shuttle, soak,
    stage::{Budget, Stage, Tally},
    valgrind,
};
use crate::tools::Tool;

pub(super) fn all() -> Vec<Stage> {
    vec![
        Stage {
            quick: seconds(120),
            ..stage("loom", "executions", 10, loom::run)
        }
        .checks("the small protocols, in every order of steps"),
        Stage {
            quick: seconds(25),
            ..stage("shuttle", "schedules", 8, shuttle::run)
        }
        .checks("the whole pool, in random orders of steps, with time at random"),
        Stage {
            quick: seconds(25),
            ..stage("proptest", "cases", 8, proptest::run)
        }
        .checks("random contexts, calls, adapters and pools against models"),
        Stage {
            quick: seconds(15),
            ..stage("fuzz", "inputs", 5, fuzz::run)
        }
        .checks("arbitrary programs, nestings and signatures"),
        Stage {
            quick: seconds(30),
            ..stage("faults", "programs", 5, faults::run)
        }
        .checks("a program for each promise, in a process of its own"),
        Stage {
            quick: seconds(120),
            ..stage("soak", "calls", 30, soak::run)
        }
        .checks("a million calls leave no thread, descriptor, memory or reference"),
        Stage {
            needs: &[Tool::Nightly],
            ..stage("address", "tests", 15, sanitizer::address)
        }
        .checks("no use of memory that is gone, and no leak"),
        Stage {
            needs: &[Tool::Nightly, Tool::NightlySource],
            ..stage("thread", "tests", 15, sanitizer::thread)
        }
        .checks("no two threads use the same memory without an order"),
        Stage {
            needs: &[Tool::Nightly, Tool::NightlySource, Tool::Miri],
            ..stage("miri", "tests", 20, miri::run)
        }
        .checks("no step that the language leaves undefined, in any thread"),
        Stage {
            needs: &[Tool::Valgrind],
            ..stage("valgrind", "tests", 20, valgrind::run)
        }
        .checks("no read of memory that was never written"),
        Stage {
            needs: &[Tool::Peers],
            ..stage("peers", "tests", 5, peers::run)
        }
        .checks("the tests of other crates, with blocking code on the bridge"),
        Stage {
            needs: &[Tool::LlvmCov, Tool::LlvmTools],
            part_of_the_whole: false,
            ..stage("coverage", "regions", 20, coverage::run)
        }
        .checks("each piece of the pool and the waits is reached, or explained"),
        Stage {
            part_of_the_whole: false,
            ..stage("breaks", "breaks", 60, breaks::run)
        }
        .checks("each listed weakening of the product is caught by a test"),
    ]
}

/// Returns a stage that belongs to the whole audit, has no short form and needs no tool.
/// Its long form searches for this many `minutes`.
fn stage(
    name: &'static str,
    unit: &'static str,
    minutes: u64,
    work: fn(&Budget) -> Result<Tally, String>,
) -> Stage {
    Stage {
        name,
        purpose: "",
        unit,
        quick: None,
        full: Duration::from_secs(60 * minutes),
        part_of_the_whole: true,
        needs: &[],
        work,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a short form is optional")]
fn seconds(count: u64) -> Option<Duration> {
    Some(Duration::from_secs(count))
}

impl Stage {
    /// Sets what the stage checks, in half a line.
    fn checks(self, purpose: &'static str) -> Self {
        Self { purpose, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Work = fn(&Budget) -> Result<Tally, String>;

    /// Otherwise a stage runs twice under two names, and another one never.
    #[test]
    fn each_stage_does_its_own_work() {
        let own: [(&str, Work); 13] = [
            ("loom", loom::run),
            ("shuttle", shuttle::run),
            ("proptest", proptest::run),
            ("fuzz", fuzz::run),
            ("faults", faults::run),
            ("soak", soak::run),
            ("address", sanitizer::address),
            ("thread", sanitizer::thread),
            ("miri", miri::run),
            ("valgrind", valgrind::run),
            ("peers", peers::run),
            ("coverage", coverage::run),
            ("breaks", breaks::run),
        ];
        let stages = all();
        assert_eq!(stages.len(), own.len());
        for (stage, (name, work)) in stages.iter().zip(own) {
            assert_eq!(stage.name, name);
            assert!(std::ptr::fn_addr_eq(stage.work, work), "{name}");
        }
    }
}
