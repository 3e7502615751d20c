//! A library that becomes async in four steps, while its callers stay as they are.
//!
//! `cargo run -p bridge-scenarios --bin migration` runs the callers against each step.
//! `steps/` holds the library at the start and after each step. `callers.rs` and
//! `async_callers.rs` are the same files for all steps.
#![allow(
    unreachable_pub,
    reason = "a program's modules read more easily with a plain `pub`"
)]
#![allow(
    clippy::duplicate_mod,
    reason = "all steps have the same callers, which shows that no step changes them"
)]

mod steps;
mod world;

use std::{error::Error, io, pin::Pin, process::ExitCode, time::Instant};

use bridge::Bridge;
use clap::Parser;
use tokio::runtime;

use crate::{
    steps::{start, step1, step2, step3, step4},
    world::Shop,
};

/// Migrates a library in four steps.
#[derive(Debug, Parser)]
struct Args {
    /// The number of callers of each kind.
    #[arg(long, default_value_t = 100)]
    callers: usize,
    /// The number of times that all steps run.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
}

/// The callers of one step.
struct Step {
    name: &'static str,
    catalogue: fn(&Shop) -> io::Result<String>,
    tills: fn(&Shop, usize) -> io::Result<Vec<String>>,
    /// The async callers, if the step has them.
    visitors: Option<fn(Shop, usize) -> Quotes>,
    value: Option<fn(Shop) -> Value>,
}

type Quotes = Pin<Box<dyn Future<Output = io::Result<Vec<String>>>>>;
type Value = Pin<Box<dyn Future<Output = io::Result<u32>>>>;

/// Makes the [`Step`] of a module that has async callers.
macro_rules! step {
    ($name:literal, $step:ident) => {
        Step {
            name: $name,
            catalogue: $step::callers::catalogue,
            tills: $step::callers::tills,
            visitors: Some(|shop, count| Box::pin($step::async_callers::visitors(shop, count))),
            value: Some(|shop| Box::pin($step::async_callers::value(shop))),
        }
    };
}

const STEPS: [Step; 5] = [
    Step {
        name: "start: all functions block",
        catalogue: start::callers::catalogue,
        tills: start::callers::tills,
        visitors: None,
        value: None,
    },
    step!("step 1: all are smart", step1),
    step!("step 2: price is async", step2),
    step!("step 3: stock is async", step3),
    step!("step 4: quote is async", step4),
];

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("migration: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let shop = Shop::open()?;
    let catalogue = (STEPS[0].catalogue)(&shop)?;
    let quotes = (STEPS[0].tills)(&shop, args.callers)?;
    println!("the catalogue\n{catalogue}");
    for _ in 0..args.rounds {
        println!(
            "{:30}{:>14}{:>8}{:>16}{:>8}{:>12}",
            "", "sync callers", "ms", "async callers", "ms", "pool jobs"
        );
        for step in &STEPS {
            same(step.name, &(step.catalogue)(&shop)?, &catalogue)?;
            let began = Instant::now();
            same(step.name, &(step.tills)(&shop, args.callers)?, &quotes)?;
            let tills = format!("{:14}{:8}", quotes.len(), began.elapsed().as_millis());
            let visitors = run_async(step, &shop, &catalogue, &quotes)?;
            println!("{:30}{tills}{visitors}", step.name);
        }
    }
    println!("\nall answers were those of the start");
    Ok(())
}

/// Runs the async callers of a step on one thread, and describes what they did.
fn run_async(
    step: &Step,
    shop: &Shop,
    catalogue: &str,
    quotes: &Vec<String>,
) -> Result<String, Box<dyn Error>> {
    let (Some(visitors), Some(value)) = (step.visitors, step.value) else {
        return Ok(format!("{:>16}{:>8}{:>12}", "none", "", ""));
    };
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let worth = runtime.block_on(value(shop.clone()))?;
    if !catalogue.contains(&format!("worth {worth} cents")) {
        return Err(format!("{}: all goods are worth {worth}", step.name).into());
    }
    let before = Bridge::global().metrics().completed;
    let began = Instant::now();
    let answers = runtime.block_on(visitors(shop.clone(), quotes.len()))?;
    let took = began.elapsed().as_millis();
    let jobs = Bridge::global().metrics().completed - before;
    same(step.name, &answers, quotes)?;
    Ok(format!("{:16}{took:8}{jobs:12}", answers.len()))
}

/// Checks that a step gives the answers of the start.
fn same<T: PartialEq + std::fmt::Debug>(step: &str, got: &T, expected: &T) -> io::Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{step}: got {got:?}, not {expected:?}"
    )))
}
