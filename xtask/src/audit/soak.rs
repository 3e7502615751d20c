//! The stage `soak`: many calls of all kinds. After them the process has no more threads,
//! descriptors, memory and references than before.

use super::{
    instrumented::BUILD,
    stage::{Budget, Tally},
};
use crate::{
    loom,
    run::{self, Output},
};

/// The approximate number of calls of the long form.
const CALLS: u64 = 1_000_000;

/// The approximate number of calls of the short form.
const FEW_CALLS: u64 = 20_000;

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let wanted = if budget.quick { FEW_CALLS } else { CALLS };
    let mut build = run::cargo(&TEST);
    build.arg("--no-run");
    if !run::run(&mut build, BUILD, Output::Show).passed() {
        return Err("the soak test does not build".to_owned());
    }
    let mut test = run::cargo(&TEST);
    test.args(["--", "--nocapture", "--test-threads=1"]);
    // Two tests make as many calls as this number, and two make fewer.
    test.env("BRIDGE_SOAK", (wanted / 2).to_string());
    let ended = run::run(&mut test, budget.search, Output::Tee);
    if !ended.passed() {
        return Err(format!("the soak ended as {:?}", ended.verdict));
    }
    Ok(Tally {
        count: calls(&ended.text),
        note: format!("{} tests", loom::passed(&ended.text)),
    })
}

const TEST: [&str; 6] = ["test", "--release", "--package", "bridge", "--test", "soak"];

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

    #[test]
    fn the_calls_of_all_tests_are_added_up() {
        let text = "test a ... soak: 12 calls: a wait\nok\nsoak: 30 calls: a task\n";
        assert_eq!(calls(text), 42);
        assert_eq!(calls("test result: ok. 4 passed"), 0);
        assert_eq!(calls("soak: many calls: a wait"), 0);
    }
}
