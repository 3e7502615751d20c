//! Programs of locks, pooled connections, barriers, messages and nested waits:
//! each one that finishes on unbounded threads finishes on a pool of any size, or
//! the job whose wait can't be served is told.
//!
//! | file | what it has |
//! |---|---|
//! | `program.rs` | what a program is |
//! | `print.rs` | how it is printed |
//! | `generate.rs` | random programs |
//! | `smallest.rs` | the smallest program of each kind |
//! | `world.rs` | where a program runs: on the pool, or on unbounded threads |
//! | `ideal.rs` | a pool as the promise has it, with threads without end |
//! | `interpret.rs` | runs a program |
//! | `blocking.rs` | what its jobs hold and block for |
//! | `check.rs` | runs it on both under a time limit, and judges |
//!
//! `PROGRAMS_CASES` sets the number of random programs, `PROGRAMS_SEED` repeats
//! those of an earlier run, whose seed a failure prints.
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
};

use proptest::{
    prelude::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

use crate::{check::Checker, program::Program, smallest::Telling};

/// The time that a failing program is made smaller for, in milliseconds.
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

/// Else a failure of the others would say nothing of the pool.
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

/// Checks so many random programs, unless the environment says otherwise.
fn on_random_programs(
    cases: u32,
    programs: &impl Strategy<Value = Program>,
    check: impl Fn(&Checker, &Program) -> Result<(), String>,
) {
    let cases = setting("PROGRAMS_CASES").map_or(cases, |cases| {
        u32::try_from(cases).expect("PROGRAMS_CASES has 32 bits")
    });
    let seed =
        setting("PROGRAMS_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
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
    if let Err(failure) = outcome {
        panic!("{failure}\nto repeat it, set PROGRAMS_SEED={seed}");
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}
