//! A client library with one implementation, for sync and for async users.
//!
//! `cargo run -p bridge-scenarios --bin client_library` runs it. The library is [`notes`]:
//! a trait, an async client of an HTTP service, and a sync folder of files. [`users`] are
//! four programs that use the library: sync, async, generic, and through `dyn`. The rest is
//! the service on this machine.
#![allow(
    unreachable_pub,
    reason = "a program's modules read more easily with a plain `pub`"
)]

mod notes;
mod service;
mod users;

use std::process::ExitCode;

use clap::Parser;

use crate::notes::{Folder, NotesError, Remote};

#[derive(Parser)]
struct Arguments {
    /// The number of notes that each user writes.
    #[arg(long, default_value_t = 20)]
    notes: usize,
}

fn main() -> Result<ExitCode, NotesError> {
    let Arguments { notes } = Arguments::parse();
    let url = service::start()?;
    let directory = tempfile::tempdir()?;
    let remote = Remote::new(&url)?;
    let folder = Folder::new(directory.path());
    println!("The notes are at {url} and in a temporary folder.");

    // Each user returns the number of notes that it wrote and read back unchanged.
    let runtime = tokio::runtime::Runtime::new()?;
    let counts = [
        (
            "a sync user, by the plain twins",
            users::twins(&remote, notes)?,
        ),
        ("a sync user, by `.wait()`", users::waits(&folder, notes)?),
        (
            "an async user, by `.await`",
            runtime.block_on(users::awaits(&remote, &folder, notes))?,
        ),
        (
            "tasks that are generic over the trait",
            runtime.block_on(users::spawns(remote.clone(), folder.clone(), notes))?,
        ),
        (
            "both behind `dyn`, in sync code",
            users::through_dyn(
                vec![Box::new(remote.clone()), Box::new(folder.clone())],
                notes,
            )?,
        ),
        (
            "both behind `dyn`, in a task",
            runtime.block_on(users::through_dyn_in_a_task(
                vec![Box::new(remote.clone()), Box::new(folder.clone())],
                notes,
            ))?,
        ),
        (
            "a copy in async, and one in sync code",
            users::copies(&runtime, &remote, directory.path())?,
        ),
    ];
    let expected = [
        notes,
        notes,
        2 * notes,
        2 * notes,
        2 * notes,
        2 * notes,
        5 * notes,
    ];
    let mut code = ExitCode::SUCCESS;
    for ((user, count), expected) in counts.into_iter().zip(expected) {
        let verdict = if count == expected { "ok" } else { "WRONG" };
        println!("{user:<40} {count:>5} of {expected:>5} notes  {verdict}");
        if count != expected {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
