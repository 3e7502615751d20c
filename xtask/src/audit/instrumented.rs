//! Tests under an instrument, such as a sanitizer: built first, then run and counted.

use std::{path::PathBuf, process::Command, time::Duration};

use crate::{
    loom,
    run::{self, Ended, Output},
};

/// The kill timer of a build. A build is not part of a stage's search.
pub(super) const BUILD: Duration = Duration::from_mins(40);

/// All packages that run in a user's program.
pub(super) const PACKAGES: [&str; 4] =
    ["bridge-detect", "bridge-cache", "bridge-offload", "bridge"];

/// Builds the tests that `cargo` names, runs them with the test runner's
/// `arguments`, and counts those that passed.
///
/// # Errors
///
/// Returns how the build or the run failed, or that no test was executed.
pub(super) fn tests(
    cargo: impl Fn() -> Command,
    arguments: &[String],
    limit: Duration,
) -> Result<u64, String> {
    let mut build = cargo();
    build.arg("--no-run");
    let ended = run::run(&mut build, BUILD, Output::Show);
    if !ended.passed() {
        return Err(format!("the build ended as {:?}", ended.verdict));
    }
    let mut test = cargo();
    test.arg("--").args(arguments);
    counted(&run::run(&mut test, limit, Output::Tee))
}

/// Counts the tests of a run that passed. An instrument reports what it finds by the exit
/// code alone.
fn counted(ended: &Ended) -> Result<u64, String> {
    match (ended.passed(), loom::passed(&ended.text)) {
        (false, _) => Err(format!("the tests ended as {:?}", ended.verdict)),
        (true, 0) => Err("no test was executed".to_owned()),
        (true, count) => Ok(count),
    }
}

/// Returns the arguments with which a test runner leaves out the tests of these names.
///
/// Each argument is a single word. `bridge/tests/exit` takes a word without a dash for a
/// filter, and would then run nothing.
pub(super) fn skip(names: &[&str]) -> Vec<String> {
    let skips = names.iter().map(|name| format!("--skip={name}"));
    std::iter::once("--exact".to_owned()).chain(skips).collect()
}

/// Returns the file that lists the reports which a tool must leave out. A comment in the
/// file says why each report is false or harmless.
pub(super) fn suppressions(file: &str) -> PathBuf {
    crate::root().join("xtask/suppressions").join(file)
}

/// Returns the target that this machine builds for.
pub(super) fn host() -> Result<String, String> {
    let version = run::run(
        &mut run::program("rustc", &["-vV"]),
        Duration::from_secs(30),
        Output::Keep,
    );
    let host = version
        .text
        .lines()
        .find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .ok_or_else(|| format!("rustc -vV names no host: {}", version.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Verdict;

    #[test]
    fn this_machine_has_a_triple() {
        let host = host().unwrap();
        assert!(host.matches('-').count() >= 2, "{host}");
    }

    #[cfg(unix)]
    #[test]
    fn a_run_without_tests_is_a_failure() {
        let none = || run::program("true", &[]);
        let why = tests(none, &[], Duration::from_mins(1)).unwrap_err();
        assert!(why.contains("no test"), "{why}");
    }

    #[test]
    fn tests_that_pass_in_a_program_that_fails_are_a_failure() {
        let text = "test result: ok. 1 passed; 0 failed\n";
        assert_eq!(counted(&Ended::of(Verdict::Passed, text)), Ok(1));
        for verdict in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            let why = counted(&Ended::of(verdict, text)).unwrap_err();
            assert!(why.contains(&format!("{verdict:?}")), "{why}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_build_that_fails_is_named() {
        let broken = || run::program("false", &[]);
        let why = tests(broken, &[], Duration::from_mins(1)).unwrap_err();
        assert!(why.contains("build"), "{why}");
    }

    #[test]
    fn no_argument_looks_like_a_filter() {
        let arguments = skip(&["ui", "a::b"]);
        assert_eq!(arguments, ["--exact", "--skip=ui", "--skip=a::b"]);
    }

    #[test]
    fn each_list_of_suppressions_is_there() {
        for file in ["leaks.txt", "races.txt"] {
            assert!(suppressions(file).is_file(), "{file}");
        }
    }
}
