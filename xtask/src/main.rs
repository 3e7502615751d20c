//! The chores of this workspace, as commands: `cargo xtask --help`.
//!
//! There is one file per chore. A chore runs the same on a desk and in CI. It ends with
//! a table or a line that says what happened, and exits non-zero if something failed.
//! If the machine lacks a tool, the chore names it in one line, with the command that
//! installs it.
#![forbid(unsafe_code)]

mod audit;
mod bench;
mod ci;
mod compile_time;
mod lock;
mod loom;
mod run;
mod test;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The result of a chore. The error is the text to show.
type Chore = Result<(), String>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The chores of this workspace", version)]
struct Cli {
    #[command(subcommand)]
    chore: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check everything that has to hold: tests, lints, docs, loom, tidy, packages
    Test(test::Args),
    /// Run the stages of the safety audit, and show them in one table
    Audit(audit::Args),
    /// Run the loom tests alone
    Loom(loom::Args),
    /// Measure the figures, beside the peers, and show them in one table
    Bench(bench::Args),
    /// Measure what the attribute costs the compiler
    CompileTime(compile_time::Args),
    /// The checks that tie documents, licences and code together
    Tidy,
    /// Run what CI runs: `.ci/run` in a fresh clone of HEAD
    Ci(ci::Args),
}

fn main() -> ExitCode {
    let chore = Cli::parse().chore;
    // Cargo knows its aliases in each directory of the workspace. The chores name files from the
    // root.
    if let Err(error) = std::env::set_current_dir(root()) {
        return code(Err(format!("the root of the workspace: {error}")));
    }
    code(match chore {
        Command::Test(args) => test::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Loom(args) => loom::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::CompileTime(args) => compile_time::run(&args),
        Command::Tidy => tidy::run(),
        Command::Ci(args) => ci::run(&args),
    })
}

/// Says why a chore failed. Returns the exit code.
fn code(ended: Chore) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Returns the root of the workspace.
fn root() -> std::path::PathBuf {
    let xtask = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .expect("xtask is a directory of the workspace")
        .to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise CI passes whatever a chore finds.
    #[test]
    fn a_chore_that_fails_has_another_exit_code() {
        let of = |ended: Chore| format!("{:?}", code(ended));
        assert_ne!(of(Err("why".to_owned())), of(Ok(())));
    }

    /// Otherwise a command that runs nothing passes.
    #[test]
    fn the_audit_runs_at_least_once() {
        let parse = |times| Cli::try_parse_from(["xtask", "audit", "--times", times]);
        assert!(parse("0").is_err());
        assert!(parse("1").is_ok());
    }
}
