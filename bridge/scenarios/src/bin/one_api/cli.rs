//! The command line: one command for each function, and one for the server.

use std::{fmt::Display, path::PathBuf};

use axum::{
    Json,
    extract::{Query, State},
};
use clap::{Parser, Subcommand};

use crate::{
    api::{self, Answer},
    failure::Failure,
    http,
    store::Store,
};

#[derive(Parser)]
#[command(name = "one_api", about = "Tasks, by commands and over HTTP")]
pub(crate) struct Cli {
    /// The file of the database
    #[arg(long, global = true, default_value_os_t = std::env::temp_dir().join("one_api.db"))]
    database: PathBuf,
    /// Shows what the program can do, if it is missing
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Add a task
    Add(api::Add),
    /// List the tasks
    List(api::List),
    /// Finish a task
    Finish(api::Finish),
    /// Copy the open tasks of another server
    Import(api::Import),
    /// Serve the same functions over HTTP
    Serve {
        /// The port, or 0 for any free port
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

impl Cli {
    pub(crate) fn store(&self) -> Result<Store, Failure> {
        Store::open(&self.database)
    }
}

/// Runs a command. Returns what it prints.
pub(crate) fn run(store: Store, command: Command) -> Result<String, Failure> {
    let state = State(store);
    match command {
        Command::Add(args) => text(api::add(state, Json(args)).wait()),
        Command::List(args) => text(api::list(state, Query(args)).wait()),
        Command::Finish(args) => text(api::finish(state, Json(args)).wait()),
        Command::Import(args) => text(api::import(state, Json(args)).wait()),
        Command::Serve { port } => http::serve(state.0, port).wait(),
    }
}

fn text<T: Display>(answer: Answer<T>) -> Result<String, Failure> {
    answer.map(|Json(value)| value.to_string())
}
