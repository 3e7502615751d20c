//! The stage `fuzz`: arbitrary input, chosen by libFuzzer where it is installed.
//!
//! Every target also runs as a plain test, from fixed seeds and from the corpus in the
//! tree. The short form runs only these tests. libFuzzer needs a nightly compiler and
//! `cargo-fuzz`. If either is missing, the note says so. libFuzzer writes new inputs to
//! `target/corpus`, and a person chooses which of them go into the tree.

use std::{fs, process::Command, time::Duration};

use super::{
    printed,
    stage::{Budget, Tally},
};
use crate::{
    run::{self, Ended, Output, Verdict},
    tools::Tool,
};

/// The targets, files in `fuzz/fuzz_targets`.
const TARGETS: [&str; 3] = ["programs", "macro_input", "nesting"];

/// The number of inputs of a target from fixed seeds. The long form adds some for each
/// second of its budget.
const INPUTS: u64 = 1_000;
const INPUTS_PER_SECOND: u64 = 20;

/// The time for building, on top of the budget.
const BUILD: Duration = Duration::from_mins(20);

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let mut count = plain(budget)?;
    let mut note = format!("{} targets", TARGETS.len());
    if !budget.quick {
        match [Tool::Nightly, Tool::CargoFuzz]
            .into_iter()
            .find_map(Tool::missing)
        {
            Some(missing) => note = format!("{note}; without libFuzzer: {missing}"),
            None => count += libfuzzer(budget)?,
        }
    }
    Ok(Tally { count, note })
}

/// Runs the targets as plain tests.
fn plain(budget: &Budget) -> Result<u64, String> {
    let inputs = if budget.quick {
        INPUTS
    } else {
        INPUTS + INPUTS_PER_SECOND * budget.search.as_secs()
    };
    let mut test = command(inputs, budget.seed);
    counted(&run::run(&mut test, budget.search + BUILD, Output::Keep))
}

fn command(inputs: u64, seed: Option<u64>) -> Command {
    // The package is a workspace of its own, but shares the target directory and the
    // builds.
    let mut test = run::cargo(&[
        "test",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--no-default-features",
        "--lib",
        "--target-dir",
        "target",
        "--",
        "--nocapture",
        "--test-threads=1",
    ]);
    test.env("FUZZ_INPUTS", inputs.to_string());
    if let Some(seed) = seed {
        test.env("FUZZ_SEED", seed.to_string());
    }
    test
}

/// Counts the inputs of a run in which each target took some.
fn counted(ended: &Ended) -> Result<u64, String> {
    match ended.verdict {
        Verdict::Passed => {}
        Verdict::Killed => return Err("the plain tests hang".to_owned()),
        Verdict::Failed | Verdict::Absent => return Err(run::last_lines(&ended.text)),
    }
    let ran = printed::names(&ended.text, "inputs");
    match TARGETS.iter().find(|target| !ran.contains(target)) {
        None => Ok(printed::count(&ended.text, "inputs")),
        Some(silent) => Err(format!("{silent} ran no input")),
    }
}

/// Returns the time of each target: at least a second, because for libFuzzer zero means no
/// limit.
fn share(search: Duration) -> Duration {
    let targets = u32::try_from(TARGETS.len()).unwrap_or(u32::MAX);
    (search / targets).max(Duration::from_secs(1))
}

/// Runs the targets under libFuzzer, each for its share of the time.
fn libfuzzer(budget: &Budget) -> Result<u64, String> {
    let share = share(budget.search);
    let mut count = 0;
    for target in TARGETS {
        let kept = format!("target/corpus/{target}");
        let made = fs::create_dir_all(crate::root().join(&kept));
        made.map_err(|error| format!("{kept}: {error}"))?;
        cargo_fuzz("build", target, &[], BUILD)?;
        let limit = format!("-max_total_time={}", share.as_secs());
        let seed = format!("-seed={}", budget.seed.unwrap_or(0));
        let given = format!("fuzz/corpus/{target}");
        // libFuzzer writes new inputs to the first directory. No input takes ten seconds.
        let flags = [
            kept.as_str(),
            &given,
            "--",
            &limit,
            &seed,
            "-timeout=10",
            "-max_len=1024",
            "-print_final_stats=1",
        ];
        let text = cargo_fuzz("run", target, &flags, share + BUILD)?;
        match executed(&text) {
            Some(executed) if executed > 0 => count += executed,
            _ => {
                return Err(format!(
                    "{target}: nothing was executed\n{}",
                    run::last_lines(&text)
                ));
            }
        }
    }
    Ok(count)
}

fn cargo_fuzz(
    command: &str,
    target: &str,
    flags: &[&str],
    limit: Duration,
) -> Result<String, String> {
    let mut fuzz = run::program(
        "rustup",
        &["run", "nightly", "cargo", "fuzz", command, target],
    );
    fuzz.args(flags);
    let ended = run::run(&mut fuzz, limit, Output::Keep);
    match ended.verdict {
        Verdict::Passed => Ok(ended.text),
        Verdict::Killed => Err(format!(
            "{target}: {command} ran over {} s",
            limit.as_secs()
        )),
        Verdict::Failed | Verdict::Absent => Err(format!(
            "{target}: {command} failed\n{}",
            run::last_lines(&ended.text)
        )),
    }
}

/// Reads the count in libFuzzer's final statistics.
fn executed(text: &str) -> Option<u64> {
    let line = |line: &str| {
        let count = line.strip_prefix("stat::number_of_executed_units:")?;
        count.trim().parse().ok()
    };
    text.lines().find_map(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise `--seed` repeats no failure.
    #[test]
    fn the_targets_are_told_their_inputs_and_seed() {
        let test = command(7, Some(9));
        for (name, value) in [("FUZZ_INPUTS", "7"), ("FUZZ_SEED", "9")] {
            assert_eq!(run::variable(&test, name).as_deref(), Some(value), "{name}");
        }
    }

    #[test]
    fn a_short_search_has_a_limit() {
        for (search, seconds) in [(0, 1), (1, 1), (3, 1), (60, 20)] {
            let limit = share(Duration::from_secs(search)).as_secs();
            assert_eq!(limit, seconds, "{search} s");
        }
    }

    #[test]
    fn inputs_count_only_if_all_passed_and_each_target_took_some() {
        let text = "programs: 3 inputs\nmacro_input: 2 inputs\nnesting: 2 inputs\n";
        assert_eq!(counted(&Ended::of(Verdict::Passed, text)), Ok(7));
        for verdict in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            assert!(counted(&Ended::of(verdict, text)).is_err(), "{verdict:?}");
        }
        let silent = text.replace("nesting: 2", "nesting: 0");
        assert!(counted(&Ended::of(Verdict::Passed, &silent)).is_err());
    }

    #[test]
    fn every_target_is_listed() {
        let files = fs::read_dir(crate::root().join("fuzz/fuzz_targets")).unwrap();
        let mut found: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        let mut listed = TARGETS.map(|target| format!("{target}.rs"));
        listed.sort();
        assert_eq!(found, listed);
    }

    #[test]
    fn the_final_statistics_are_read() {
        let text = "Done 12 runs\nstat::number_of_executed_units: 12\nstat::average: 6";
        assert_eq!(executed(text), Some(12));
        assert_eq!(executed("Done 12 runs"), None);
    }
}
