//! Runs only the loom tests: every order of steps of the small protocols.
//!
//! The cfg is `bridge_loom`, and not `loom`, because Tokio itself changes under `--cfg
//! loom` and loses `net`. libtest lets a run pass that executes no test. So this command
//! reads libtest's summary of each target, and zero tests are a failure.

use std::{fs, path::Path, process::Command, time::Duration};

use crate::{
    Chore,
    run::{self, Ended, Output, Verdict},
};

/// The kill timer of a build. A build is not part of the time that is limited.
const BUILD: Duration = Duration::from_mins(40);

/// The number of preemptions in one execution, unless the user asks for another.
const PREEMPTIONS: u32 = 2;

/// Packages that must have loom tests, with their directories.
const REQUIRED: [(&str, &str); 2] = [("bridge-cache", "cache"), ("bridge-offload", "offload")];
/// A package that may have loom tests.
const OPTIONAL: (&str, &str) = ("bridge", "bridge");

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only this package
    #[arg(long, short, value_name = "NAME")]
    pub(crate) package: Option<String>,
    /// Limit the preemptions in one execution of loom; `LOOM_MAX_PREEMPTIONS` takes
    /// precedence
    #[arg(long, default_value_t = PREEMPTIONS)]
    pub(crate) preemptions: u32,
    /// Limit the time for one test target, in seconds
    #[arg(long, default_value_t = 300)]
    pub(crate) seconds: u64,
    /// Stop each test after this many seconds, even if orders are left to try
    #[arg(long, value_name = "SECONDS")]
    pub(crate) per_test: Option<u64>,
    /// Run only tests whose name contains this
    pub(crate) filter: Option<String>,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            package: None,
            preemptions: PREEMPTIONS,
            seconds: 300,
            per_test: None,
            filter: None,
        }
    }
}

/// The figures of a run of the loom tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Explored {
    pub(crate) tests: u64,
    /// The number of orders of steps that loom executed, over all tests.
    pub(crate) executions: u64,
}

impl Explored {
    fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.executions += other.executions;
    }
}

pub(crate) fn run(args: &Args) -> Chore {
    explore(args).map(drop)
}

/// Runs the loom tests of all packages.
pub(crate) fn explore(args: &Args) -> Result<Explored, String> {
    let mut packages = REQUIRED.to_vec();
    if mentions_loom(&crate::root().join(OPTIONAL.1).join("src")) {
        packages.push(OPTIONAL);
    }
    if let Some(wanted) = &args.package {
        packages.retain(|(name, _)| name == wanted);
    }
    if packages.is_empty() {
        return Err("that package has no loom tests".into());
    }
    let outcomes = packages
        .into_iter()
        .map(|(name, directory)| (name, package(name, directory, args)));
    sum(outcomes)
}

/// Adds up what the packages have executed. Fails if the tests of one have failed.
fn sum<'a>(
    outcomes: impl Iterator<Item = (&'a str, Result<Explored, String>)>,
) -> Result<Explored, String> {
    let mut failures = Vec::new();
    let mut all = Explored::default();
    for (name, outcome) in outcomes {
        match outcome {
            Ok(explored) => {
                println!(
                    "loom: {name}: {} tests passed in {} executions",
                    explored.tests, explored.executions
                );
                all.add(explored);
            }
            Err(why) => failures.push(format!("{name}: {why}")),
        }
    }
    if failures.is_empty() {
        Ok(all)
    } else {
        Err(format!("loom: {}", failures.join("; ")))
    }
}

/// Runs the loom tests of one package, and counts them.
fn package(name: &str, directory: &str, args: &Args) -> Result<Explored, String> {
    let mut explored = Explored::default();
    // In the library these are the tests of modules with that name, elsewhere whole
    // files.
    let inside = args.filter.clone().unwrap_or_else(|| "loom".into());
    explored.add(target(name, &["--lib"], &inside, args)?);
    for file in test_targets(&crate::root().join(directory).join("tests")) {
        explored.add(target(
            name,
            &["--test", &file],
            args.filter.as_deref().unwrap_or(""),
            args,
        )?);
    }
    some("the package", explored)
}

/// Refuses the figures of a run that executed no test.
fn some(what: &str, explored: Explored) -> Result<Explored, String> {
    if explored.tests == 0 {
        Err(format!("no test of {what} was executed"))
    } else {
        Ok(explored)
    }
}

fn target(name: &str, which: &[&str], filter: &str, args: &Args) -> Result<Explored, String> {
    let mut build = cargo(name, which);
    build.arg("--no-run");
    if !run::run(&mut build, BUILD, Output::Show).passed() {
        return Err("the tests do not compile".into());
    }
    let mut test = cargo(name, which);
    test.args(["--", filter, "--nocapture"]);
    if std::env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
        test.env("LOOM_MAX_PREEMPTIONS", args.preemptions.to_string());
    }
    if let Some(seconds) = args.per_test {
        test.env("LOOM_MAX_DURATION", seconds.to_string());
    }
    let ended = run::run(&mut test, Duration::from_secs(args.seconds), Output::Tee);
    explored(ended, &which.join(" "), args)
}

/// Returns what a run of a target's tests executed, or why it does not count.
///
/// A filter of the user's may leave a target without a test.
fn explored(ended: Ended, which: &str, args: &Args) -> Result<Explored, String> {
    match ended.verdict {
        Verdict::Passed => {
            let explored = Explored {
                tests: passed(&ended.text),
                executions: executions(&ended.text),
            };
            if args.filter.is_some() {
                Ok(explored)
            } else {
                some(which, explored)
            }
        }
        Verdict::Failed => Err("a test failed".into()),
        Verdict::Killed => Err(format!("ran over {} s", args.seconds)),
        Verdict::Absent => Err(ended.text),
    }
}

/// Returns the command for one target's tests, which have a target directory of their own.
fn cargo(name: &str, which: &[&str]) -> Command {
    let mut test = run::cargo(&["test", "--release", "--target-dir", "target/loom"]);
    test.args(["--package", name]).args(which);
    test.env("RUSTFLAGS", rustflags());
    test
}

/// Returns the caller's flags, and the `cfg` that replaces the primitives by loom's.
pub(crate) fn rustflags() -> String {
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    format!("{flags} --cfg bridge_loom")
}

/// Counts the tests that passed, from libtest's summary lines.
pub(crate) fn passed(text: &str) -> u64 {
    let summaries = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("test result: ok. "));
    summaries
        .filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Sums the executions of all tests, from the line that each prints: "name: 7 orders of
/// steps".
fn executions(text: &str) -> u64 {
    text.lines()
        .filter_map(|line| line.trim().strip_suffix(" orders of steps"))
        .filter_map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Returns the names of the files in `tests` that contain loom tests.
fn test_targets(tests: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(tests) else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names
        .filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned()))
        .collect();
    names.retain(|name| name.contains("loom"));
    names.sort();
    names
}

fn mentions_loom(directory: &Path) -> bool {
    let Ok(entries) = fs::read_dir(directory) else {
        return false;
    };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            mentions_loom(&path)
        } else {
            fs::read_to_string(&path).is_ok_and(|text| text.contains("bridge_loom"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_added_up() {
        let text = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 5 filtered out\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(passed(text), 5);
    }

    #[test]
    fn executions_are_added_up_wherever_the_line_begins() {
        let text = "test a ... 12 orders of steps\nok\n30 orders of steps\n";
        assert_eq!(executions(text), 42);
        assert_eq!(executions("test result: ok. 4 passed"), 0);
    }

    #[test]
    fn zero_executed_is_zero() {
        assert_eq!(
            passed("test result: ok. 0 passed; 0 failed; 9 filtered out"),
            0
        );
        assert_eq!(passed("test result: FAILED. 4 passed; 1 failed"), 0);
        assert_eq!(passed(""), 0);
    }

    #[test]
    fn a_package_without_tests_has_no_targets() {
        assert!(test_targets(Path::new("no/such/directory")).is_empty());
    }

    /// Otherwise a file of loom tests is compiled by nobody.
    #[test]
    fn each_file_that_is_compiled_for_loom_alone_is_a_target() {
        for (name, directory) in REQUIRED {
            let tests = crate::root().join(directory).join("tests");
            let files = fs::read_dir(&tests).unwrap().map(|file| file.unwrap());
            let mut files: Vec<_> = files
                .filter(|file| {
                    let text = fs::read_to_string(file.path()).unwrap_or_default();
                    text.contains("#![cfg(bridge_loom)]")
                })
                .map(|file| file.file_name().into_string().unwrap())
                .collect();
            files.sort();
            let targets = test_targets(&tests);
            let targets: Vec<_> = targets.iter().map(|name| format!("{name}.rs")).collect();
            assert_eq!(targets, files, "{name}");
        }
    }

    const OK: &str = "a: 12 orders of steps\ntest result: ok. 1 passed; 0 failed\n";

    fn counted(verdict: Verdict, text: &str, args: &Args) -> Result<Explored, String> {
        explored(Ended::of(verdict, text), "--test loom", args)
    }

    #[test]
    fn a_run_counts_only_if_it_passed() {
        let args = Args::default();
        let all = Explored {
            tests: 1,
            executions: 12,
        };
        assert_eq!(counted(Verdict::Passed, OK, &args), Ok(all));
        for verdict in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            assert!(counted(verdict, OK, &args).is_err(), "{verdict:?}");
        }
    }

    #[test]
    fn a_target_without_a_test_is_a_failure_unless_the_user_filters() {
        let none = "test result: ok. 0 passed; 0 failed; 7 filtered out\n";
        let why = counted(Verdict::Passed, none, &Args::default()).unwrap_err();
        assert!(why.contains("--test loom"), "{why}");
        let filtered = Args {
            filter: Some("a".to_owned()),
            ..Args::default()
        };
        let found = counted(Verdict::Passed, none, &filtered);
        assert_eq!(found, Ok(Explored::default()));
        assert!(some("the package", Explored::default()).is_err());
    }

    #[test]
    fn a_package_that_fails_fails_all() {
        let one = Explored {
            tests: 1,
            executions: 12,
        };
        let both = sum([("a", Ok(one)), ("b", Ok(one))].into_iter());
        assert_eq!(both.map(|all| all.executions), Ok(24));
        let failed = ("b", Err("a test failed".to_owned()));
        let why = sum([("a", Ok(one)), failed].into_iter()).unwrap_err();
        assert!(why.contains("b: a test failed"), "{why}");
    }

    /// The audit says that the long form tries all orders with two preemptions.
    #[test]
    fn two_preemptions_are_tried_unless_the_user_asks_for_others() {
        assert_eq!(Args::default().preemptions, 2);
    }
}
