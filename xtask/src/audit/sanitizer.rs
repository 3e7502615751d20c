//! The stages `address` and `thread`: the tests under a sanitizer of the compiler.
//!
//! `AddressSanitizer` sees a use of memory that is gone, and at the end of each process
//! memory that nothing refers to any more. `ThreadSanitizer` sees two threads that use
//! the same memory without an order between them.
//!
//! Both follow the fences and atomics of Rust, which Helgrind and DRD do not: to them
//! each lock of the standard library is a race.

use std::process::Command;

use super::{
    instrumented::{PACKAGES, host, skip, suppressions, tests},
    stage::{Budget, Tally},
};
use crate::run;

/// Tests that `AddressSanitizer` does not run.
const NOT_UNDER_ADDRESS: [&str; 21] = [
    // These tests compare texts of another compiler.
    "pass",
    "options",
    "misuse",
    "wait_only",
    "user",
    "handler",
    // The child of a fork has none of the stacks that refer to its memory.
    "the_child_of_a_job_that_forks_runs_no_other_job",
    "the_child_of_a_job_that_forks_runs_no_stop_hook",
    "the_child_of_a_job_that_forks_has_no_hooks",
    "the_child_of_a_job_that_forks_wakes_nobody",
    "the_child_of_a_report_that_forks_does_not_go_on",
    "the_child_of_a_start_hook_that_forks_runs_no_job",
    "the_child_of_a_waker_that_forks_runs_no_other_job",
    "the_child_of_a_job_that_forks_drops_no_result",
    "the_child_of_a_hook_that_forks_does_not_wake_who_awaits_the_shutdown",
    // The sanitizer makes each frame larger than the test's stack allows.
    "nesting::a_thousand_deep_on_one_stack",
    // These tests compare the process's memory, and the sanitizer keeps freed memory.
    "nothing_grows_with_the_number_of_calls_of_a_kind",
    "nothing_grows_with_the_number_of_calls_of_all_kinds",
    "nothing_is_left_of_bridges_that_were_shut_down",
    "the_global_bridge_keeps_nothing_of_threads_that_ended",
    "a_leak_of_64_bytes_in_the_calls_of_one_kind_is_seen",
];

pub(super) fn address(budget: &Budget) -> Result<Tally, String> {
    let host = host()?;
    let cargo = || under_address(&host);
    let count = tests(cargo, &skip(&NOT_UNDER_ADDRESS), budget.search)?;
    Ok(Tally {
        count,
        note: "leaks included".to_owned(),
    })
}

fn under_address(host: &str) -> Command {
    let mut test = nightly(host, "address");
    test.args(PACKAGES.iter().flat_map(|name| ["--package", name]));
    test.args(["--lib", "--tests", "--no-fail-fast"]);
    // The pool asks how far its stack reaches, so locals must be on the real stack.
    test.env(
        "ASAN_OPTIONS",
        "detect_stack_use_after_return=0:detect_leaks=1",
    );
    let leaks = suppressions("leaks.txt");
    let options = format!("suppressions={}:print_suppressions=0", leaks.display());
    test.env("LSAN_OPTIONS", options);
    test
}

/// What `ThreadSanitizer` runs: all tests of the small packages, and those tests of the bridge
/// in which threads meet. Each target of the bridge takes long to build.
const UNDER_THREAD: [&[&str]; 2] = [
    &[
        "--package=bridge-detect",
        "--package=bridge-cache",
        "--package=bridge-offload",
        "--lib",
        "--tests",
    ],
    &[
        "--package=bridge",
        "--lib",
        "--test=faults",
        "--test=instances",
        "--test=jobs",
        "--test=shutdown",
        "--test=wait",
    ],
];

/// Tests of these targets that `ThreadSanitizer` does not run.
const NOT_UNDER_THREAD: [&str; 13] = [
    // The sanitizer ends the child of a fork that had threads, or crashes in it.
    "a_child_is_told_and_the_parent_goes_on",
    "a_process_of_too_many_forks_looks_at_no_table_of_pools",
    "the_child_of_a_hook_that_forks_does_not_wake_who_awaits_the_shutdown",
    "the_child_of_a_job_that_forks_drops_no_result",
    "the_child_of_a_job_that_forks_has_no_hooks",
    "the_child_of_a_job_that_forks_runs_no_other_job",
    "the_child_of_a_job_that_forks_runs_no_stop_hook",
    "the_child_of_a_job_that_forks_wakes_nobody",
    "the_child_of_a_report_that_forks_does_not_go_on",
    "the_child_of_a_start_hook_that_forks_runs_no_job",
    "the_child_of_a_waker_that_forks_runs_no_other_job",
    // The sanitizer makes the stack larger than the test asked for.
    "thread::stack::tests::a_check_says_yes_before_the_stack_ends",
    // This test starts thousands of threads, and each start takes ten times as long here.
    "a_thread_called_as_it_retires_is_called_once",
];

pub(super) fn thread(budget: &Budget) -> Result<Tally, String> {
    let host = host()?;
    let mut count = 0;
    for targets in UNDER_THREAD {
        let cargo = || {
            let mut test = nightly(&host, "thread");
            // The standard library needs the sanitizer too, or its locks and channels would
            // look like races.
            test.arg("-Zbuild-std").args(targets).arg("--no-fail-fast");
            let races = suppressions("races.txt");
            test.env(
                "TSAN_OPTIONS",
                format!("halt_on_error=0:suppressions={}", races.display()),
            );
            test.env("KILL_TIMER_FACTOR", "10");
            // Looking up the names of a backtrace takes longer than the tests wait.
            test.env("RUST_BACKTRACE", "0");
            test
        };
        count += tests(cargo, &skip(&NOT_UNDER_THREAD), budget.search)?;
    }
    Ok(Tally {
        count,
        note: "races of threads".to_owned(),
    })
}

/// Returns `cargo test` with the nightly compiler and one of its sanitizers.
fn nightly(host: &str, sanitizer: &str) -> Command {
    let mut test = run::program("rustup", &["run", "nightly", "cargo", "test", "--target"]);
    test.args([host, "--target-dir"]);
    test.arg(format!("target/{sanitizer}"));
    test.env("RUSTFLAGS", format!("-Zsanitizer={sanitizer}"));
    test
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the tests pass as they do everywhere, and nothing looks at their memory.
    #[test]
    fn the_tests_are_built_with_their_sanitizer() {
        for sanitizer in ["address", "thread"] {
            let flags = run::variable(&nightly("a-host", sanitizer), "RUSTFLAGS");
            assert_eq!(flags, Some(format!("-Zsanitizer={sanitizer}")));
        }
    }

    #[test]
    fn leaks_are_searched_for() {
        let options = run::variable(&under_address("a-host"), "ASAN_OPTIONS");
        assert!(options.is_some_and(|options| options.contains("detect_leaks=1")));
    }

    #[test]
    fn all_tests_of_all_packages_run_under_the_address_sanitizer() {
        let test = under_address("a-host");
        let given: Vec<_> = test.get_args().filter_map(|arg| arg.to_str()).collect();
        for wanted in PACKAGES.iter().chain(&["--lib", "--tests"]) {
            assert!(given.contains(wanted), "{wanted}: {given:?}");
        }
        assert!(PACKAGES.contains(&"bridge-offload") && PACKAGES.contains(&"bridge"));
    }
}
