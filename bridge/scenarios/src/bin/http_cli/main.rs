//! A command line over an async HTTP client.
//!
//! `cargo run -p bridge-scenarios --bin http_cli` shows what one client does for sync
//! code, for async code and for many threads. `-- serve` starts the service on its own,
//! and `-- add TEXT`, `-- read ID` and `-- list` talk to it from another terminal. Nothing
//! in this file is async.
#![allow(
    unreachable_pub,
    reason = "a program's modules read more easily with a plain `pub`"
)]

mod demo;
mod notes;
mod server;

use std::{error::Error, process::ExitCode, time::Duration};

use bridge::Wait as _;
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;

use crate::{notes::Notes, server::Service};

/// An error as a text for the user. Threads may hand it on.
pub type Failed = Box<dyn Error + Send + Sync>;

/// Keeps notes in a service.
#[derive(Debug, Parser)]
struct Args {
    /// The address of the service.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The longest time to wait for an answer, in seconds.
    #[arg(long, default_value_t = 10)]
    timeout: u64,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the client does. This is the default.
    Demo {
        #[arg(long, default_value_t = 8)]
        threads: u32,
        /// The number of calls of each thread.
        #[arg(long, default_value_t = 50)]
        calls: u32,
    },
    /// Start the service, and run it until Ctrl-C.
    Serve {
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// List all notes.
    List,
    /// Show one note.
    Read { id: u32 },
    /// Add a note.
    Add { text: String },
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("http_cli: {error}");
            let causes = std::iter::successors(error.source(), |&cause| cause.source());
            causes.for_each(|cause| eprintln!("  because: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Failed> {
    let notes = Notes::at(&args.url);
    let limit = Duration::from_secs(args.timeout);
    let demo = Command::Demo {
        threads: 8,
        calls: 50,
    };
    match args.command.unwrap_or(demo) {
        Command::Demo { threads, calls } => demo::run(threads, calls)?,
        Command::Serve { port } => {
            let listener = TcpListener::bind(("127.0.0.1", port)).wait()?;
            println!("the note service runs at http://{}", listener.local_addr()?);
            Service::default().serve(listener).wait()?;
        }
        Command::List => {
            for note in notes.list().wait_timeout(limit)?? {
                println!("{:4}  {}", note.id, note.text);
            }
        }
        Command::Read { id } => println!("{}", notes.read(id).wait_timeout(limit)??.text),
        Command::Add { text } => println!("{}", notes.add(&text).wait_timeout(limit)??.id),
    }
    Ok(())
}
