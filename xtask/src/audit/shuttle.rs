//! The stage `shuttle`: the whole pool in random orders of steps.

use std::{env, process::Command, thread, time::Duration};

use super::stage::{Budget, Tally};
use crate::run::{self, Ended, Output, Verdict};

/// The time limit of a build.
const BUILD: Duration = Duration::from_mins(20);

/// The factor by which a search may exceed its budget before it is killed. The machine
/// may be busy.
const SLACK: u32 = 4;

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let built = run::run(&mut cargo(&["--no-run"], &[]), BUILD, Output::Show);
    if !built.passed() {
        return Err("the scenarios do not compile".to_owned());
    }
    let listed = run::run(&mut cargo(&[], &["--list"]), BUILD, Output::Keep);
    let scenarios = scenarios(&listed.text);
    if scenarios == 0 {
        return Err("there is no scenario".to_owned());
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let seconds = budget.search.as_secs_f64() * count(threads) / count(scenarios);
    let mut search = cargo(
        &[],
        &["--nocapture", "--test-threads", &threads.to_string()],
    );
    search.env("SHUTTLE_SECONDS", format!("{seconds:.3}"));
    if let Some(seed) = budget.seed {
        search.env("SHUTTLE_SEED", seed.to_string());
    }
    let limit = (budget.search * SLACK).max(Duration::from_mins(2));
    judge(run::run(&mut search, limit, Output::Tee), scenarios, limit)
}

fn judge(ended: Ended, scenarios: usize, limit: Duration) -> Result<Tally, String> {
    match ended.verdict {
        Verdict::Passed => tally(scenarios, &ended.text),
        Verdict::Failed => Err(failure(&ended.text)),
        Verdict::Killed => Err(format!("ran over {} s", limit.as_secs())),
        Verdict::Absent => Err(ended.text),
    }
}

/// Returns the command for the scenarios, which have a target directory of their own.
fn cargo(args: &[&str], to_the_tests: &[&str]) -> Command {
    let mut test = run::cargo(&["test", "--release", "--target-dir", "target/shuttle"]);
    test.args(["--package", "bridge-offload", "--test", "shuttle"])
        .args(args)
        .arg("--")
        .args(to_the_tests);
    let flags = env::var("RUSTFLAGS").unwrap_or_default();
    test.env("RUSTFLAGS", format!("{flags} --cfg bridge_shuttle"));
    test
}

/// Counts the scenarios that libtest lists.
fn scenarios(list: &str) -> usize {
    list.lines().filter(|line| line.ends_with(": test")).count()
}

/// Reads the numbers of schedules, one for each scenario, from lines such as
/// "name: 7 schedules".
fn schedules(text: &str) -> Vec<u64> {
    text.lines()
        .filter_map(|line| line.trim().strip_suffix(" schedules"))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse().ok())
        .collect()
}

fn tally(scenarios: usize, text: &str) -> Result<Tally, String> {
    let schedules = schedules(text);
    let tried = schedules.iter().filter(|count| **count > 0).count();
    if tried < scenarios {
        return Err(format!(
            "only {tried} of {scenarios} scenarios tried a schedule"
        ));
    }
    Ok(Tally {
        count: schedules.iter().sum(),
        note: format!("{scenarios} scenarios{}", seed(text)),
    })
}

/// Returns the seed that the scenarios print, as a note in the table.
fn seed(text: &str) -> String {
    let seed = text
        .lines()
        .find_map(|line| Some(line.split_once("SHUTTLE_SEED=")?.1));
    seed.map_or(String::new(), |seed| format!(", seed {}", seed.trim()))
}

/// Returns the scenario that failed, from the line that it prints.
fn failure(text: &str) -> String {
    let line = text
        .lines()
        .find_map(|line| Some(line.split_once(": failed after ")?.0));
    let name = line.and_then(|line| line.rsplit(' ').next());
    match name {
        Some(name) => format!("{name} failed; the command above repeats it"),
        None => "the scenarios failed".to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are few of them")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "test a::b ... SHUTTLE_SEED=7\na::b: 12 schedules\nok\n\
        test c ... c: 30 schedules\nok\n";

    #[test]
    fn schedules_are_added_up_wherever_the_line_begins() {
        let tally = tally(2, TEXT).unwrap();
        assert_eq!(
            (tally.count, tally.note.as_str()),
            (42, "2 scenarios, seed 7")
        );
    }

    #[test]
    fn a_scenario_that_tried_nothing_is_a_failure() {
        assert!(tally(3, TEXT).is_err());
        assert!(tally(1, "a::b: 0 schedules\n").is_err());
    }

    #[test]
    fn schedules_count_only_if_all_scenarios_passed() {
        let judge = |verdict| judge(Ended::of(verdict, TEXT), 2, Duration::ZERO);
        assert!(judge(Verdict::Passed).is_ok());
        for verdict in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            assert!(judge(verdict).is_err(), "{verdict:?}");
        }
    }

    #[test]
    fn a_failure_is_named() {
        let text = "test c ... c::d: failed after 3 schedules with SHUTTLE_SEED=7\n";
        assert!(failure(text).starts_with("c::d failed"));
    }

    #[test]
    fn scenarios_are_counted() {
        assert_eq!(
            scenarios("a::b: test\nc: test\n\n2 tests, 0 benchmarks\n"),
            2
        );
    }
}
