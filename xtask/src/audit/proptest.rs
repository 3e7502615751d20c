//! The stage `proptest`: fills a time with random cases of every property test.
//!
//! The tests print how many cases they ran. A test that prints no count fails the stage,
//! so no test can drop out of it unseen.

use std::{process::Command, time::Duration};

use super::{
    printed,
    stage::{Budget, Tally},
};
use crate::run::{self, Ended, Output, Verdict};

/// A file of property tests.
struct File {
    package: &'static str,
    target: &'static str,
    /// The tests in the file that draw at random.
    tests: &'static [&'static str],
}

const FILES: [File; 6] = [
    File {
        package: "bridge-detect",
        target: "nesting",
        tests: &["every_level_of_every_nest_is_told"],
    },
    File {
        package: "bridge-cache",
        target: "law",
        tests: &["the_law_holds"],
    },
    File {
        package: "bridge-offload",
        target: "programs",
        tests: &[
            "the_programs_themselves_are_sound",
            "random_programs_on_pools_of_a_set_size",
            "random_programs_on_a_pool_that_nobody_sized",
        ],
    },
    File {
        package: "bridge",
        target: "nesting",
        tests: &["every_level_of_every_nest_is_told"],
    },
    File {
        package: "bridge",
        target: "calls",
        tests: &["every_tree_of_calls_does_what_the_model_says"],
    },
    File {
        package: "bridge",
        target: "adapters",
        tests: &["every_job_runs_once_or_its_caller_is_told"],
    },
];

/// The time for building the tests, and for shrinking a failure.
const BUILD: Duration = Duration::from_mins(15);

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let tests: u32 = FILES
        .iter()
        .map(|file| u32::try_from(file.tests.len()).unwrap_or(1))
        .sum();
    let each = budget.search / tests;
    let mut count = 0;
    let mut failures = Vec::new();
    for file in &FILES {
        match file.run(each, budget) {
            Ok(cases) => count += cases,
            Err(why) => failures.push(format!("{}, {}: {why}", file.package, file.target)),
        }
    }
    if failures.is_empty() {
        Ok(Tally {
            count,
            note: format!("{tests} tests"),
        })
    } else {
        Err(failures.join("\n"))
    }
}

impl File {
    fn run(&self, each: Duration, budget: &Budget) -> Result<u64, String> {
        let mut test = self.command(each, budget.seed);
        self.cases(&run::run(&mut test, budget.search + BUILD, Output::Keep))
    }

    /// Returns the command that fills this time with cases of each test.
    fn command(&self, each: Duration, seed: Option<u64>) -> Command {
        let mut test = run::cargo(&["test", "--package", self.package, "--test", self.target]);
        test.arg("--").args(self.tests);
        test.args(["--exact", "--nocapture", "--test-threads=1"]);
        test.env("PROPERTY_SECONDS", each.as_secs().to_string());
        if let Some(seed) = seed {
            for name in ["PROPTEST_RNG_SEED", "PROGRAMS_SEED"] {
                test.env(name, seed.to_string());
            }
        }
        test
    }

    /// Counts the cases of a run in which each test ran some.
    fn cases(&self, ended: &Ended) -> Result<u64, String> {
        match ended.verdict {
            Verdict::Passed => {}
            Verdict::Killed => return Err("it hangs".to_owned()),
            Verdict::Failed | Verdict::Absent => return Err(run::last_lines(&ended.text)),
        }
        let ran = printed::names(&ended.text, "cases");
        match self.tests.iter().find(|test| !ran.contains(test)) {
            None => Ok(printed::count(&ended.text, "cases")),
            Some(silent) => Err(format!("{silent} ran no case")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const FILE: &File = &FILES[1];

    #[test]
    fn cases_count_only_if_all_passed_and_each_test_ran_some() {
        let text = "the_law_holds: 7 cases\n";
        assert_eq!(FILE.cases(&Ended::of(Verdict::Passed, text)), Ok(7));
        for verdict in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            let ended = Ended::of(verdict, text);
            assert!(FILE.cases(&ended).is_err(), "{verdict:?}");
        }
        for silent in ["the_law_holds: 0 cases\n", "another: 7 cases\n"] {
            let ended = Ended::of(Verdict::Passed, silent);
            assert!(FILE.cases(&ended).is_err(), "{silent}");
        }
    }

    /// Otherwise each test runs a few cases only, and a seed repeats nothing.
    #[test]
    fn the_tests_are_told_their_time_and_seed() {
        let test = FILE.command(Duration::from_secs(7), Some(9));
        for (name, value) in [
            ("PROPERTY_SECONDS", "7"),
            ("PROPTEST_RNG_SEED", "9"),
            ("PROGRAMS_SEED", "9"),
        ] {
            assert_eq!(run::variable(&test, name).as_deref(), Some(value), "{name}");
        }
    }

    /// Otherwise a file that draws at random and isn't listed is left out.
    #[test]
    fn every_property_test_is_listed() {
        let listed: Vec<_> = FILES.iter().flat_map(|file| file.tests).collect();
        for directory in ["detect", "cache", "offload", "bridge"] {
            let tests = crate::root().join(directory).join("tests");
            for entry in fs::read_dir(tests).unwrap() {
                let mut path = entry.unwrap().path();
                if path.is_dir() {
                    path.push("main.rs");
                }
                let text = fs::read_to_string(&path).unwrap_or_default();
                let calls = ["property::holds(", "on_random_programs("];
                let draws = calls.iter().any(|call| text.contains(call));
                let named = listed
                    .iter()
                    .any(|test| text.contains(&format!("fn {test}()")));
                assert_eq!(draws, named, "{}", path.display());
            }
        }
    }
}
