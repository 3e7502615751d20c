//! Programs of locks, pooled connections, barriers, messages and nested waits.
//!
//! Each program finishes on unbounded threads. So it must finish on a pool of any size,
//! or the job whose wait can't be served must be told.
//!
//! | file | what it has |
//! |---|---|
//! | `program.rs` | what a program is |
//! | `print.rs` | how it is printed |
//! | `generate.rs` | random programs |
//! | `smallest.rs` | the smallest program of each kind |
//! | `world.rs` | where a program runs: on the pool, or on unbounded threads |
//! | `ideal.rs` | an ideal pool, with unbounded threads |
//! | `interpret.rs` | runs a program |
//! | `blocking.rs` | the things that its jobs hold and block for |
//! | `check.rs` | runs it on both under a time limit, and judges |
//!
//! `PROGRAMS_CASES` sets the number of random programs. A failure prints its seed, and
//! `PROGRAMS_SEED` repeats the programs of that seed. `PROPERTY_SECONDS` sets a time to
//! fill with programs.
#![cfg(not(bridge_loom))]

mod blocking;
mod check;
#[path = "../common/mod.rs"]
mod common;
mod generate;
mod ideal;
mod interpret;
mod print;
mod program;
mod smallest;
mod world;

use std::{
    collections::hash_map::RandomState,
    env,
    hash::{BuildHasher as _, Hasher as _},
    thread,
    time::{Duration, Instant},
};

use proptest::{
    prelude::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

use crate::{check::Checker, program::Program, smallest::Telling};

/// The time for shrinking a failing program, in milliseconds.
const SHRINKING: u32 = 60_000;

#[test]
fn the_smallest_programs_of_each_kind() {
    let checker = Checker::default();
    let failures: Vec<_> = smallest::all()
        .into_iter()
        .filter_map(|(name, telling, program)| {
            let why = match checker.check(&program) {
                Ok(told) if told > 0 && telling == Telling::Never => {
                    format!("{told} jobs were told")
                }
                Ok(_) => return None,
                Err(why) => why,
            };
            Some(format!("{name}: {why}: {program}\n"))
        })
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.concat());
}

/// Otherwise a failure of the other tests could be the program's fault, and not the
/// pool's.
#[test]
fn the_programs_themselves_are_sound() {
    let check = |checker: &Checker, program: &Program| checker.check_program(program);
    on_random_programs(60, &generate::on_a_sized_pool(), check);
    on_random_programs(6, &generate::on_an_unsized_pool(), check);
}

#[test]
fn random_programs_on_pools_of_a_set_size() {
    let check = |checker: &Checker, program: &Program| checker.check(program).map(drop);
    on_random_programs(60, &generate::on_a_sized_pool(), check);
}

#[test]
fn random_programs_on_a_pool_that_nobody_sized() {
    let check = |checker: &Checker, program: &Program| checker.check(program).map(drop);
    on_random_programs(12, &generate::on_an_unsized_pool(), check);
}

/// Checks this many random programs, unless the environment sets another number.
fn on_random_programs(
    cases: u32,
    programs: &impl Strategy<Value = Program>,
    check: impl Fn(&Checker, &Program) -> Result<(), String>,
) {
    let cases = setting("PROGRAMS_CASES").map_or(cases, |cases| {
        u32::try_from(cases).expect("PROGRAMS_CASES has 32 bits")
    });
    let first =
        setting("PROGRAMS_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let seconds = Duration::from_secs(setting("PROPERTY_SECONDS").unwrap_or(0));
    let start = Instant::now();
    let mut batches = 0;
    while batches == 0 || start.elapsed() < seconds {
        let seed = first.wrapping_add(batches);
        if let Err(failure) = batch(cases, seed, programs, &check) {
            panic!("{failure}\nto repeat it, set PROGRAMS_SEED={seed}");
        }
        batches += 1;
    }
    let test = thread::current().name().unwrap_or("?").to_owned();
    println!("\n{test}: {} cases", batches * u64::from(cases));
}

fn batch(
    cases: u32,
    seed: u64,
    programs: &impl Strategy<Value = Program>,
    check: impl Fn(&Checker, &Program) -> Result<(), String>,
) -> Result<(), String> {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_time: SHRINKING,
        ..Config::default()
    };
    let bytes: Vec<u8> = seed.to_le_bytes().repeat(4);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let checker = Checker::default();
    let outcome = TestRunner::new_with_rng(config, rng).run(programs, |program| {
        check(&checker, &program).map_err(TestCaseError::fail)
    });
    outcome.map_err(|failure| failure.to_string())
}

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}
