//! Programs that each check one promise of the bridge.
//!
//! `bridge-faults NAME` runs a program. It ends with an error if the promise is
//! broken. `bridge-faults list` prints the names, and `bridge-faults table` the
//! table of `AUDIT.md`. The programs read what Linux says of a process.

mod kit;
mod list;
mod prelude;
mod promises;
mod registry;
mod table;

use std::{env, process::ExitCode, time::Duration};

use registry::Promise;
use testkit::memory::Memory;

#[global_allocator]
static MEMORY: Memory = Memory::new();

/// Far more than a program needs on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

fn main() -> ExitCode {
    let first = env::args().nth(1);
    match first.as_deref() {
        Some("list") => {
            for promise in registry::all() {
                println!("{}", promise.name);
            }
            ExitCode::SUCCESS
        }
        Some("table") => {
            print!("{}", table::of(&registry::all()));
            ExitCode::SUCCESS
        }
        Some(name) => {
            let all = registry::all();
            let Some(promise) = all.iter().find(|promise| promise.name == name) else {
                eprintln!("there is no promise `{name}`; `bridge-faults list` has them all");
                return ExitCode::FAILURE;
            };
            if !cfg!(target_os = "linux") {
                eprintln!("the programs need Linux; nothing was checked");
                return ExitCode::FAILURE;
            }
            check(promise);
            ExitCode::SUCCESS
        }
        None => {
            eprintln!("usage: bridge-faults list | table | NAME");
            ExitCode::FAILURE
        }
    }
}

/// Runs a program under a kill timer, or the part of it that this process was
/// started for.
fn check(promise: &Promise) {
    if kit::child::part().is_some() {
        // Its parent has a kill timer. A thread of ours would be one too many.
        (promise.run)();
        return;
    }
    testkit::within_limit(LIMIT, promise.run);
}
