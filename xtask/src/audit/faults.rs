//! The stage `faults`: a program for each promise, each in a process of its own.

use std::time::Duration;

use super::stage::{Budget, Tally};
use crate::{
    loom::passed,
    run::{self, Ended, Output, Verdict},
};

/// The time limit of the build, which the budget does not include.
const BUILD: Duration = Duration::from_mins(10);

/// The number of programs at a time. Most of them sleep most of the time. So more
/// programs than processors are no load, and the stage takes a third of the time.
const AT_A_TIME: &str = "--test-threads=4";

/// The number of times that the long form runs each program.
const ROUNDS: u64 = 5;

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let mut build = run::cargo(&["test", "--package", "bridge-faults", "--no-run"]);
    if !run::run(&mut build, BUILD, Output::Tee).passed() {
        return Err("the programs do not build".into());
    }
    let rounds = if budget.quick { 1 } else { ROUNDS };
    let mut tally = Tally {
        count: 0,
        note: String::new(),
    };
    for round in 1..=rounds {
        let mut test = run::cargo(&["test", "--package", "bridge-faults", "--test", "promises"]);
        test.args(["--", AT_A_TIME]);
        // A kill timer: a round takes half a minute at most, and a hang 90 s more.
        let limit = Duration::from_mins(5).max(budget.search);
        let ended = run::run(&mut test, limit, Output::Tee);
        let programs = kept(ended).map_err(|why| format!("round {round}: {why}"))?;
        tally.count += programs;
        tally.note = if rounds == 1 {
            format!("{programs} promises")
        } else {
            format!("{programs} promises, {rounds} times each")
        };
    }
    Ok(tally)
}

/// Counts the programs of a round, each of which must keep its promise.
fn kept(ended: Ended) -> Result<u64, String> {
    match ended.verdict {
        Verdict::Passed => match programs(&ended.text) {
            0 => Err("no program was run".into()),
            programs => Ok(programs),
        },
        Verdict::Failed => Err("a promise is broken".into()),
        Verdict::Killed => Err("it hangs".into()),
        Verdict::Absent => Err(ended.text),
    }
}

/// Counts the programs that passed. A test outside of any folder checks the list, the
/// files or `AUDIT.md`, so it is no program.
fn programs(text: &str) -> u64 {
    let is_program = |line: &&str| {
        let name = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... ok"));
        name.is_some_and(|name| name.contains("::"))
    };
    let named = text.lines().filter(is_program).count() as u64;
    named.min(passed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: &str = "test wait::a ... ok\ntest result: ok. 1 passed; 0 failed\n";

    #[test]
    fn a_round_counts_only_if_each_promise_is_kept() {
        assert_eq!(kept(Ended::of(Verdict::Passed, KEPT)), Ok(1));
        for verdict in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            assert!(kept(Ended::of(verdict, KEPT)).is_err(), "{verdict:?}");
        }
        assert!(kept(Ended::of(Verdict::Passed, "test result: ok. 0 passed")).is_err());
    }

    #[test]
    fn programs_are_counted_and_the_checks_of_the_list_are_not() {
        let text = "test wait::a ... ok\ntest never::b ... ok\ntest audit_md ... ok\n\
            test result: ok. 3 passed; 0 failed\n";
        assert_eq!(programs(text), 2);
    }

    #[test]
    fn without_a_summary_nothing_has_passed() {
        assert_eq!(programs("test wait::a ... ok\n"), 0);
        let failed = "test wait::a ... ok\ntest result: FAILED. 1 passed; 1 failed\n";
        assert_eq!(programs(failed), 0);
    }
}
