//! Every chore of this workspace, as a command: `cargo xtask --help`.
//!
//! One file per chore. A chore runs the same on a desk and in CI, ends with a
//! table or a line that says what happened, and exits non-zero if something
//! failed. What a machine lacks is named in one line, with the command that
//! gets it.
#![forbid(unsafe_code)]

mod audit;
mod bench;
mod ci;
mod compile_time;
mod loom;
mod run;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What every chore ends with: the text to show if it failed.
type Chore = Result<(), String>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The chores of this workspace", version)]
struct Cli {
    #[command(subcommand)]
    chore: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that has to hold: tests, lints, docs, loom, tidy, packages
    Test(test::Args),
    /// Anyone can check that it is safe: the stages of the audit, in one table
    Audit(audit::Args),
    /// The loom tests alone
    Loom(loom::Args),
    /// The figures, beside the peers, in one table
    Bench(bench::Args),
    /// What the attribute costs the compiler
    CompileTime(compile_time::Args),
    /// The checks that tie documents, licences and code together
    Tidy,
    /// What CI does: `.ci/run` in a fresh clone of HEAD
    Ci(ci::Args),
}

fn main() -> ExitCode {
    let ended = match Cli::parse().chore {
        Command::Test(args) => test::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Loom(args) => loom::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::CompileTime(args) => compile_time::run(&args),
        Command::Tidy => tidy::run(),
        Command::Ci(args) => ci::run(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> std::path::PathBuf {
    let xtask = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .expect("xtask lies in the workspace")
        .to_path_buf()
}
