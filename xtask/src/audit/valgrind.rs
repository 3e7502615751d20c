//! The stage `valgrind`: tests under Memcheck. It sees reads of uninitialised memory, in
//! C code too, which no compiled-in sanitizer sees.
//!
//! The stage uses no other tool of Valgrind. Helgrind and DRD look for races, and they
//! order threads by the locks of pthreads. The standard library uses futexes, and the
//! pool uses atomics. Neither tool knows these, so nearly every access looks like a race.
//! Helgrind reports 629 places in the eight tests of `two_steps`, and DRD 775. A list
//! that leaves these reports out would leave the real ones out too. The stage `thread`
//! looks for races instead.

use std::{process::Command, time::Duration};

use super::{
    instrumented::{host, tests},
    stage::{Budget, Tally},
};
use crate::run;

/// The test targets that run under Memcheck: tests about threads, forks and destructors.
/// Valgrind runs one thread at a time, so tests of many threads take too long there.
const TARGETS: [(&str, &[&str]); 2] = [
    (
        "bridge-offload",
        &[
            "cancel",
            "detach",
            "faults",
            "fork",
            "lending",
            "pool",
            "shutdown",
            "two_steps",
        ],
    ),
    ("bridge", &["fork"]),
];

/// With `--fair-sched`, a thread that spins can't keep the others from the only
/// processor.
const RUNNER: &str = "valgrind --quiet --error-exitcode=9 --fair-sched=yes";

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let host = host()?;
    let variable = runner_variable(&host);
    let mut left = budget.search;
    let mut count = 0;
    for (package, targets) in TARGETS {
        let start = std::time::Instant::now();
        let cargo = || under_valgrind(package, targets, &variable);
        count += tests(cargo, &["--test-threads=1".to_owned()], left)?;
        left = left
            .saturating_sub(start.elapsed())
            .max(Duration::from_mins(1));
    }
    Ok(Tally {
        count,
        note: "Memcheck".to_owned(),
    })
}

/// Returns the command that runs these targets' tests under Memcheck.
fn under_valgrind(package: &str, targets: &[&str], variable: &str) -> Command {
    let mut test = run::cargo(&["test", "--package", package]);
    test.args(targets.iter().flat_map(|name| ["--test", name]));
    test.env(variable, RUNNER);
    // Looking up the names of a backtrace takes longer than the tests wait.
    test.env("RUST_BACKTRACE", "0");
    test
}

/// Returns the variable that tells cargo how to run a target's tests.
fn runner_variable(host: &str) -> String {
    let target = host.to_uppercase().replace('-', "_");
    format!("CARGO_TARGET_{target}_RUNNER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_knows_the_variable() {
        let variable = runner_variable("x86_64-unknown-linux-gnu");
        assert_eq!(variable, "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER");
    }

    /// Without a code of its own, Valgrind reports an error and exits as the program does.
    #[test]
    fn the_tests_run_under_memcheck_and_its_errors_fail_them() {
        let test = under_valgrind("bridge", &["fork"], "RUNNER");
        let runner = run::variable(&test, "RUNNER").unwrap_or_default();
        assert!(runner.starts_with("valgrind "), "{runner}");
        assert!(runner.contains(" --error-exitcode=9 "), "{runner}");
    }
}
