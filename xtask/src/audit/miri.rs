//! The stage `miri`: tests in Miri, which interprets the program and checks each step.
//!
//! Miri follows the rules of the language, not those of a processor. It sees a reference
//! that another one has made invalid, a pointer that is used beyond its memory, a value
//! that its type does not allow, and a data race. It draws the order of the threads
//! and the results of weak memory orders from a seed. The clock belongs to the interpreter,
//! so a run depends on the seed alone, and a sleep takes no time.
//!
//! Miri takes about a thousand times as long as the processor. So the stage runs the tests
//! of the code that is unsafe, shares memory without a lock, or hands values from thread to
//! thread, and leaves out tests that do the same thing thousands of times.

use std::{ops::Range, process::Command, thread, time::Duration};

use super::{
    instrumented::{skip, tests},
    stage::{Budget, Tally},
};
use crate::run;

/// The test targets that run in Miri.
const TARGETS: [(&str, &[&str]); 4] = [
    ("bridge-detect", &["--test=corners", "--test=probe"]),
    ("bridge-cache", &["--test=cache"]),
    (
        "bridge-offload",
        &[
            "--lib",
            "--test=cancel",
            "--test=cancellation",
            "--test=corners",
            "--test=detach",
            "--test=faults",
            "--test=given_back",
            "--test=lending",
            "--test=on_cancel",
            "--test=pool",
            "--test=two_steps",
        ],
    ),
    ("bridge", &["--lib"]),
];

/// Tests of these targets that Miri does not run.
const NOT_IN_MIRI: [&str; 31] = [
    // Miri knows no end of a stack.
    "thread::stack::tests::a_check_says_yes_before_the_stack_ends",
    "thread::stack::tests::an_address_off_the_stack_is_not_part_of_it",
    // These tests count the processor's ticks, by an instruction that Miri does not know.
    "schedule::queue::tests::a_descendant_that_is_taken_from_the_backlog_is_admitted_then",
    "schedule::queue::tests::a_job_is_admitted_when_it_leaves_the_backlog",
    "schedule::queue::tests::promoting::an_own_job_of_the_backlog_is_admitted_when_it_moves",
    "schedule::queue::tests::promoting::the_newest_job_of_the_backlog_is_admitted_when_it_is_taken",
    // This test reads the load of the machine.
    "platform::load::tests::more_threads_than_processors_are_noticed",
    // The clock counts the interpreter's steps, so few of them take a millisecond. A job of
    // two milliseconds ends before the pool has another thread, and a spin is endless.
    "an_age_does_not_include_the_spin_before_it",
    "no_more_jobs_run_at_a_time_than_there_are_threads",
    "worker::spin::tests::a_spin_yields_ever_more_rarely",
    // The interpreter runs all threads on one processor, so the machine is not busy for them.
    "wait::parker::tests::a_busy_machine_spares_no_processor_for_a_spin",
    // These tests do the same thing hundreds or thousands of times.
    "a_relay_of_waits_keeps_its_chain_short",
    "a_root_is_served_beside_an_endless_stream_of_kin",
    "a_storm_of_instant_jobs_starts_few_threads",
    "a_thread_called_as_it_retires_is_called_once",
    "a_thread_that_has_been_woken_counts_as_awake",
    "a_wait_that_never_sleeps_lets_its_job_run",
    "both_probes_agree_and_leave_the_budget_alone",
    "core::registry::tests::the_table_does_not_grow_with_pools_that_have_ended",
    "lineage::frame::tests::a_long_chain_is_dropped_link_by_link",
    "runtime::end::tests::a_thread_that_is_woken_sees_the_end",
    "schedule::state::tests::hopeless::a_pool_that_has_refused_a_wait_is_not_patient_again",
    "schedule::state::tests::hopeless::a_pool_that_nobody_sized_is_patient_with_slow_answers",
    "schedule::state::tests::newest::a_wait_is_refused_once_half_of_the_places_are_taken",
    "schedule::state::tests::the_first_invariant_holds_and_what_is_cached_is_true",
    "timing::histogram::tests::buckets_are_in_order_and_leave_no_gap",
    "timing::histogram::tests::percentiles_are_within_the_bound",
    "vocabulary::report::display::tests::a_deep_nest_is_cut_and_written_on_a_small_stack",
    "vocabulary::report::display::tests::a_long_queue_is_written_in_one_pass",
    "what_still_runs_is_named_with_its_age",
    "withdrawn_jobs_leave_no_memory_behind",
];

/// The number of seeds. Each seed has a thread, and runs all tests.
const SEEDS: u64 = 2;

/// Files are hidden from the program, as if it had no right to read them. Otherwise the
/// clock would be the machine's. The tests' kill timers are longer, because the clock
/// counts the interpreter's steps. Miri searches for leaks only when no thread is left, but
/// workers outlive a test's pool for a moment.
const FLAGS: &str = "-Zmiri-isolation-error=hide -Zmiri-ignore-leaks \
                     -Zmiri-env-set=KILL_TIMER_FACTOR=100";

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let seeds = seeds(budget.seed);
    let note = format!("seeds {} to {}", seeds.start, seeds.end - 1);
    let counts: Vec<_> = thread::scope(|scope| {
        let lanes: Vec<_> = seeds
            .map(|seed| scope.spawn(move || lane(seed, budget.search)))
            .collect();
        lanes
            .into_iter()
            .map(|lane| lane.join().expect("a lane does not panic"))
            .collect()
    });
    let count = counts.into_iter().sum::<Result<u64, String>>()?;
    Ok(Tally { count, note })
}

fn seeds(first: Option<u64>) -> Range<u64> {
    let first = first.unwrap_or(0);
    first..first.saturating_add(SEEDS)
}

/// Runs all tests with one seed, and counts them.
fn lane(seed: u64, limit: Duration) -> Result<u64, String> {
    let mut count = 0;
    for (package, targets) in TARGETS {
        let cargo = || in_miri(package, targets, seed);
        count += tests(cargo, &skip(&NOT_IN_MIRI), limit)
            .map_err(|why| format!("{package}, with --seed {seed}: {why}"))?;
    }
    Ok(count)
}

fn in_miri(package: &str, targets: &[&str], seed: u64) -> Command {
    let mut test = run::program("rustup", &["run", "nightly", "cargo", "miri", "test"]);
    test.args(["--target-dir", "target/miri", "--package", package]);
    test.args(targets).arg("--no-fail-fast");
    test.env("MIRIFLAGS", format!("{FLAGS} -Zmiri-seed={seed}"));
    test
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise both seeds take the same orders, and `--seed` repeats no failure.
    #[test]
    fn miri_is_told_its_seed() {
        let flags = run::variable(&in_miri("bridge", &["--lib"], 7), "MIRIFLAGS");
        let flags = flags.unwrap_or_default();
        assert!(flags.ends_with(" -Zmiri-seed=7"), "{flags}");
    }

    /// Otherwise `--seed` would not repeat a failure.
    #[test]
    fn a_given_seed_is_the_first() {
        assert_eq!(seeds(None), 0..SEEDS);
        assert_eq!(seeds(Some(7)), 7..7 + SEEDS);
    }
}
