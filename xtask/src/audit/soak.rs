//! The stage `soak`: many calls of all kinds. After them the process has no more threads,
//! descriptors, memory and references than before. A leak of 64 bytes per call of one kind
//! is seen in the short form too.
//!
//! The long form also cancels many queries of a database as they end. No statement behind
//! a cancelled query is interrupted.

use std::process::Command;

use super::{
    instrumented::BUILD,
    stage::{Budget, Tally},
};
use crate::{
    loom,
    run::{self, Ended, Output},
};

/// The approximate number of calls of the long form.
const CALLS: u64 = 1_000_000;

/// The approximate number of calls of the short form.
const FEW_CALLS: u64 = 20_000;

/// The number of queries that the long form cancels.
const QUERIES: u64 = 100_000;

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let wanted = if budget.quick { FEW_CALLS } else { CALLS };
    // Two tests make as many calls as this number, and two make fewer.
    let mut text = soak(&CALL, wanted / 2, budget)?;
    if !budget.quick {
        text += &soak(&CANCEL, QUERIES, budget)?;
    }
    Ok(Tally {
        count: calls(&text),
        note: format!("{} tests", loom::passed(&text)),
    })
}

/// Builds a test target and runs its tests with this number of calls. Returns their output.
fn soak(target: &[&str], calls: u64, budget: &Budget) -> Result<String, String> {
    let mut build = run::cargo(&["test"]);
    build.args(target).arg("--no-run");
    if !run::run(&mut build, BUILD, Output::Show).passed() {
        return Err("the soak test does not build".to_owned());
    }
    output(run::run(
        &mut command(target, calls),
        budget.search,
        Output::Tee,
    ))
}

fn command(target: &[&str], calls: u64) -> Command {
    let mut test = run::cargo(&["test"]);
    test.args(target)
        .args(["--", "--nocapture", "--test-threads=1"]);
    test.env("BRIDGE_SOAK", calls.to_string());
    test
}

/// Returns the output of a soak that has passed.
fn output(ended: Ended) -> Result<String, String> {
    if !ended.passed() {
        return Err(format!("the soak ended as {:?}", ended.verdict));
    }
    Ok(ended.text)
}

/// The test target that makes calls of all kinds.
const CALL: [&str; 5] = ["--release", "--package", "bridge", "--test", "soak"];

/// The test target that cancels queries. It is not optimised, because that would link the
/// nine programs of its package too, which takes longer than the queries.
const CANCEL: [&str; 4] = [
    "--package",
    "bridge-scenarios",
    "--test",
    "an_interrupt_hits_only_its_own_statement",
];

/// Sums the calls of all tests, from the line that each prints: "soak: 7 calls: a wait".
fn calls(text: &str) -> u64 {
    text.lines()
        .filter_map(|line| line.split_once("soak: ")?.1.split_once(" calls: "))
        .filter_map(|(count, _)| count.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the long soak is no longer than the short one.
    #[test]
    fn the_tests_are_told_their_number_of_calls() {
        let told = run::variable(&command(&CALL, 7), "BRIDGE_SOAK");
        assert_eq!(told.as_deref(), Some("7"));
    }
    use crate::run::Verdict;

    #[test]
    fn a_soak_that_fails_after_its_calls_is_a_failure() {
        let text = "soak: 12 calls: a wait\n";
        let ended = |verdict| output(Ended::of(verdict, text));
        assert_eq!(ended(Verdict::Passed).as_deref(), Ok(text));
        for verdict in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            assert!(ended(verdict).is_err(), "{verdict:?}");
        }
    }

    #[test]
    fn the_calls_of_all_tests_are_added_up() {
        let text = "test a ... soak: 12 calls: a wait\nok\nsoak: 30 calls: a task\n";
        assert_eq!(calls(text), 42);
        assert_eq!(calls("test result: ok. 4 passed"), 0);
        assert_eq!(calls("soak: many calls: a wait"), 0);
    }
}
