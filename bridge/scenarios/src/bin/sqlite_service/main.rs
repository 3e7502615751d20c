//! An async service over blocking `SQLite`, and a command line over the same class.
//!
//! `cargo run -p bridge-scenarios --bin sqlite_service` starts the service, talks to it,
//! and ends. `-- --db FILE serve` serves until Ctrl-C. The other commands work on the same
//! file, also while the service runs.
#![allow(
    unreachable_pub,
    reason = "a program's modules read more easily with a plain `pub`"
)]

mod bank;
mod client;
mod crowd;
mod database;
mod demo;
mod failure;
mod service;

use std::{error::Error, path::PathBuf, process::ExitCode};

use bridge_scenarios::Signals;
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;

use crate::bank::{Account, Bank};

/// An error as a text for the user. Tasks may hand it on.
pub type Failed = Box<dyn Error + Send + Sync>;

/// Keeps accounts in a file.
#[derive(Debug, Parser)]
struct Args {
    /// The file of the database. It is made if it does not exist.
    #[arg(long, default_value = "bank.sqlite")]
    db: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the service does, in a temporary file. This is the default.
    Demo {
        #[arg(long, default_value_t = 200)]
        clients: usize,
    },
    /// Serve the accounts over HTTP, until Ctrl-C.
    Serve {
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Create an account.
    Create { name: String, cents: u32 },
    /// Show one account.
    Show { name: String },
    /// List all accounts.
    List,
    /// Give an account another name.
    Rename { name: String, new: String },
    /// Delete an account.
    Delete { name: String },
    /// Move money from one account to another.
    Transfer {
        source: String,
        target: String,
        cents: u32,
    },
    /// Show the number of transfers and the money in all accounts.
    Audit,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sqlite_service: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Failed> {
    let command = args.command.unwrap_or(Command::Demo { clients: 200 });
    if let Command::Demo { clients } = command {
        return demo::run(clients);
    }
    let bank = Bank::open(&args.db, demo::CONNECTIONS, demo::QUEUE)?;
    match command {
        Command::Demo { .. } => {}
        Command::Serve { port } => serve(bank, port)?,
        Command::Create { name, cents } => bank.create(&name, cents).wait()?,
        Command::Show { name } => print(&bank.show(&name).wait()?),
        Command::List => bank.list().wait()?.iter().for_each(print),
        Command::Rename { name, new } => bank.rename(&name, &new).wait()?,
        Command::Delete { name } => bank.delete(&name).wait()?,
        Command::Transfer {
            source,
            target,
            cents,
        } => bank.transfer(&source, &target, cents).wait()?,
        Command::Audit => {
            let (transfers, cents) = bank.audit().wait()?;
            println!("{transfers} transfers, {cents} cents in all");
        }
    }
    Ok(())
}

fn print(account: &Account) {
    println!("{:10} {:8} cents", account.name, account.cents);
}

/// Serves on this thread alone. The blocking methods have threads of their own.
#[tokio::main(flavor = "current_thread")]
async fn serve(bank: Bank, port: u16) -> Result<(), Failed> {
    let mut signals = Signals::listen()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("the bank runs at http://{}", listener.local_addr()?);
    let stop = async move {
        let signal = signals.next().await;
        println!("{signal:?}: the bank finishes what it has accepted");
    };
    match service::serve(bank, listener, stop).await? {
        0 => {
            println!("0 jobs were cut off");
            Ok(())
        }
        lost => Err(format!("{lost} jobs were cut off").into()),
    }
}
