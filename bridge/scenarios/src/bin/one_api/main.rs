//! One set of functions, as commands and as an HTTP API.
//!
//! `cargo run -p bridge-scenarios --bin one_api` shows both side by side. With a command it
//! is an ordinary program: `one_api add milk`, `one_api list`, `one_api serve --port 8080`.
//!
//! | file | idea |
//! |---|---|
//! | `api.rs` | the functions and their arguments |
//! | `cli.rs` | calls them by `.wait()`, from clap's commands |
//! | `http.rs` | gives them to axum as handlers |
//! | `store.rs`, `failure.rs` | the database, and the errors of both sides |
//! | `demo.rs` | the demonstration |

mod api;
mod cli;
mod demo;
mod failure;
mod http;
mod store;

use std::{error::Error, process::ExitCode};

use clap::Parser as _;

use crate::cli::{Cli, run};

fn main() -> ExitCode {
    let mut cli = Cli::parse();
    let ended: Result<(), Box<dyn Error + Send + Sync>> = match cli.command.take() {
        None => demo::run(),
        Some(command) => cli
            .store()
            .and_then(|store| run(store, command))
            .map(|text| println!("{text}"))
            .map_err(Into::into),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("one_api: {error}");
            ExitCode::FAILURE
        }
    }
}
