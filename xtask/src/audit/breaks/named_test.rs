//! One named test: its build, its run, and the outcome in its output.

use std::{path::Path, process::Command, time::Duration};

use super::list::Build;
use crate::run::{Ended, Verdict};

/// The outcome of the run of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    /// The test failed, or took its process with it.
    Red,
    /// The kill timer ended the test.
    Hung,
    /// There is no such test, or it could not be started.
    NotRun(String),
}

/// Reads the outcome from a run's output. An ignored test did not run.
pub(super) fn outcome(ended: &Ended) -> Outcome {
    let has_started = has_line(&ended.text, "running 1 test");
    match ended.verdict {
        Verdict::Absent => Outcome::NotRun(ended.text.clone()),
        _ if !has_started => Outcome::NotRun(format!("no test was run: {}", tail(&ended.text))),
        Verdict::Killed => Outcome::Hung,
        Verdict::Failed => Outcome::Red,
        Verdict::Passed if crate::loom::passed(&ended.text) == 1 => Outcome::Passed,
        Verdict::Passed => Outcome::NotRun("the test is ignored".to_owned()),
    }
}

fn has_line(text: &str, line: &str) -> bool {
    text.lines().any(|other| other.trim() == line)
}

/// Returns the last lines of an output.
pub(super) fn tail(text: &str) -> String {
    const LINES: usize = 12;
    let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

impl Build {
    /// Returns Cargo's arguments for building the test, after `cargo`.
    pub(super) fn args(&self) -> Vec<String> {
        let mut args = vec!["test".to_owned(), "--quiet".to_owned()];
        if self.is_loom {
            args.push("--release".to_owned());
        }
        args.extend(["--package".to_owned(), self.package.clone()]);
        args.extend(self.target.iter().cloned());
        if !self.features.is_empty() {
            args.extend(["--features".to_owned(), self.features.join(",")]);
        }
        args
    }

    /// Sets up the build: its own directory, and loom's `cfg`.
    ///
    /// The build has no symbols and no link-time optimisation, because the audit spends
    /// most of its time on one build for each break. The build is incremental, because
    /// one break differs from the next by two files.
    pub(super) fn prepare(&self, command: &mut Command, target: &Path) {
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.env_remove("CARGO_INCREMENTAL");
        if self.is_loom {
            command
                .env("CARGO_TARGET_DIR", target.join("loom"))
                .env("CARGO_PROFILE_RELEASE_LTO", "off")
                .env("CARGO_PROFILE_RELEASE_INCREMENTAL", "true")
                .env("RUSTFLAGS", crate::loom::rustflags());
            if std::env::var_os(PREEMPTIONS.0).is_none() {
                command.env(PREEMPTIONS.0, PREEMPTIONS.1);
            }
        } else {
            command.env("CARGO_TARGET_DIR", target);
        }
    }
}

/// The bound of `cargo xtask loom`, unless the user sets another.
const PREEMPTIONS: (&str, &str) = ("LOOM_MAX_PREEMPTIONS", "2");

/// The limit of a build: a busy machine may have to build everything.
pub(super) const BUILDING: Duration = Duration::from_mins(20);

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "\nrunning 1 test\n.\ntest result: ok. 1 passed; 0 failed; 0 ignored\n";

    #[test]
    fn a_test_that_ran_is_judged_by_how_it_ended() {
        let outcome = |verdict, text| outcome(&Ended::of(verdict, text));
        assert_eq!(outcome(Verdict::Passed, OK), Outcome::Passed);
        let started = "running 1 test\n";
        assert_eq!(outcome(Verdict::Failed, started), Outcome::Red);
        assert_eq!(outcome(Verdict::Killed, started), Outcome::Hung);
    }

    #[test]
    fn a_test_that_did_not_run_is_no_catch() {
        let nothing = "running 0 tests\ntest result: ok. 0 passed; 0 failed; 9 filtered out\n";
        let ignored = "running 1 test\ni\ntest result: ok. 0 passed; 0 failed; 1 ignored\n";
        for (verdict, text) in [
            (Verdict::Passed, nothing),
            (Verdict::Passed, ignored),
            (Verdict::Passed, ""),
            (Verdict::Failed, "error: no such package"),
            (Verdict::Killed, "Compiling"),
            (Verdict::Absent, "`cargo` cannot be started"),
        ] {
            let outcome = outcome(&Ended::of(verdict, text));
            assert!(matches!(outcome, Outcome::NotRun(_)), "{outcome:?}: {text}");
        }
    }

    #[test]
    fn loom_tests_are_built_apart_and_optimised() {
        let build = |is_loom| Build {
            is_loom,
            package: "a".to_owned(),
            target: vec!["--lib".to_owned()],
            features: vec!["x".to_owned(), "y".to_owned()],
        };
        let args = "test --quiet --release --package a --lib --features x,y";
        assert_eq!(build(true).args().join(" "), args);
        assert_eq!(
            build(false).args().join(" "),
            args.replace(" --release", "")
        );
        let directory = |is_loom| {
            let mut command = Command::new("cargo");
            build(is_loom).prepare(&mut command, Path::new("t"));
            let mut set = command.get_envs();
            let found = set.find(|(name, _)| *name == "CARGO_TARGET_DIR");
            found.and_then(|(_, value)| value).map(ToOwned::to_owned)
        };
        assert_ne!(directory(true), directory(false));
    }
}
