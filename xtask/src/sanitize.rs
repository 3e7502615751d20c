//! The tests under `AddressSanitizer` and Valgrind, which see what a passing
//! test does not: use of memory that is gone, reads of what was never written.
//!
//! Little of this workspace is unsafe code, and what it rests on is not: both
//! look at all of it. A run that executes no test is a failure, as for loom.

use std::{process::Command, time::Duration};

use crate::{
    Chore, loom,
    run::{self, Output},
    tools::Tool,
};

const LIMIT: Duration = Duration::from_mins(9);

/// Everything that is published and runs in a program.
const PACKAGES: [&str; 4] = ["bridge-detect", "bridge-cache", "bridge-offload", "bridge"];

/// Not under the sanitizer: one compares texts of another compiler, the others
/// the process's memory, which the sanitizer keeps.
const SKIPPED: [&str; 3] = [
    "ui",
    "nothing_grows_with_the_number_of_calls",
    "the_global_bridge_keeps_nothing_of_threads_that_ended",
];

/// What threads, forks and destructors do to memory; the others take too long
/// under Valgrind, where a program runs one thread at a time.
const WATCHED: [(&str, &[&str]); 2] = [
    ("bridge-offload", &["cancel", "fork", "lending", "shutdown"]),
    ("bridge", &["fork"]),
];

pub(crate) fn run() -> Chore {
    let host = host()?;
    let mut tests = 0;
    if let Some(missing) = Tool::Nightly.missing() {
        eprintln!("sanitize: {missing}");
    } else {
        tests += counted("AddressSanitizer", &mut sanitized(&host))?;
    }
    if let Some(missing) = Tool::Valgrind.missing() {
        eprintln!("sanitize: {missing}");
    } else {
        for (package, targets) in WATCHED {
            tests += counted("Valgrind", &mut watched(&host, package, targets))?;
        }
    }
    if tests == 0 {
        return Err("sanitize: neither of the two tools is here".into());
    }
    println!("sanitize: {tests} tests passed, and nothing was found");
    Ok(())
}

fn sanitized(host: &str) -> Command {
    let mut test = run::program("rustup", &["run", "nightly", "cargo", "test", "--target"]);
    test.args([host, "--target-dir", "target/sanitize"]);
    test.args(PACKAGES.iter().flat_map(|name| ["--package", name]));
    test.args(["--lib", "--tests", "--no-fail-fast", "--", "--exact"]);
    test.args(SKIPPED.iter().flat_map(|name| ["--skip", name]));
    test.env("RUSTFLAGS", "-Zsanitizer=address");
    // The pool asks how far its stack reaches, so locals must lie on it. Leaks
    // are the soak test's affair: some payloads are leaked on purpose.
    test.env(
        "ASAN_OPTIONS",
        "detect_stack_use_after_return=0:detect_leaks=0",
    );
    test
}

fn watched(host: &str, package: &str, targets: &[&str]) -> Command {
    let mut test = run::cargo(&["test", "--package", package]);
    test.args(targets.iter().flat_map(|name| ["--test", name]));
    test.args(["--", "--test-threads=1"]);
    let runner = host.to_uppercase().replace('-', "_");
    test.env(
        format!("CARGO_TARGET_{runner}_RUNNER"),
        "valgrind -q --error-exitcode=9",
    );
    test
}

/// Runs the tests, and says how many there were.
fn counted(tool: &str, test: &mut Command) -> Result<u64, String> {
    let ended = run::run(test, LIMIT, Output::Tee);
    match (ended.passed(), loom::passed(&ended.text)) {
        (false, _) => Err(format!("sanitize: {tool}: ended as {:?}", ended.verdict)),
        (true, 0) => Err(format!("sanitize: {tool}: no test was executed")),
        (true, count) => Ok(count),
    }
}

/// What this machine builds for.
fn host() -> Result<String, String> {
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

    #[test]
    fn this_machine_has_a_triple() {
        let host = host().unwrap();
        assert!(host.matches('-').count() >= 2, "{host}");
    }

    #[test]
    fn a_run_without_tests_is_a_failure() {
        let mut none = run::program("rustc", &["--version"]);
        assert!(counted("rustc", &mut none).is_err());
    }
}
