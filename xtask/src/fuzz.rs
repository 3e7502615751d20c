//! Fuzzing, for a while: programs of operations against a small bridge.
//!
//! libFuzzer needs a nightly compiler and `cargo-fuzz`. Where one is missing
//! this says how to get it, and with `--install` gets `cargo-fuzz` itself.

use std::time::Duration;

use indicatif::ProgressBar;

use crate::{
    Chore,
    run::{self, Output, Verdict},
    tools::Tool,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long to search
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The target, a file in `fuzz/fuzz_targets`
    #[arg(long, default_value = "programs")]
    target: String,
    /// Install cargo-fuzz if it is missing
    #[arg(long)]
    install: bool,
}

/// What building may take on top.
const BUILD: Duration = Duration::from_mins(15);

pub(crate) fn run(args: &Args) -> Chore {
    if let Some(missing) = Tool::Nightly.missing() {
        return Err(missing);
    }
    if let Some(missing) = Tool::CargoFuzz.missing() {
        if !args.install {
            return Err(format!("{missing} (or add --install)"));
        }
        let mut install = run::cargo(&["install", "--locked", "cargo-fuzz"]);
        if !run::run(&mut install, BUILD, Output::Show).passed() {
            return Err("cargo-fuzz could not be installed".into());
        }
    }
    fuzz(args, "build", &[], BUILD)?;
    let bar =
        ProgressBar::new_spinner().with_message(format!("{} s of {}", args.seconds, args.target));
    bar.enable_steady_tick(Duration::from_millis(200));
    let limit = format!("-max_total_time={}", args.seconds);
    // One input that takes ten seconds hangs: a finding of its own.
    let flags = ["--", &limit, "-timeout=10", "-print_final_stats=1"];
    let ended = fuzz(
        args,
        "run",
        &flags,
        Duration::from_secs(args.seconds) + BUILD,
    );
    bar.finish_and_clear();
    let text = ended?;
    let executed = text
        .lines()
        .find_map(|l| l.strip_prefix("stat::number_of_executed_units:"));
    match executed.and_then(|count| count.trim().parse::<u64>().ok()) {
        Some(count) if count > 0 => {
            println!(
                "fuzz: {count} programs in {} s, none broke an invariant",
                args.seconds
            );
            Ok(())
        }
        _ => Err(format!("fuzz: nothing was executed\n{text}")),
    }
}

fn fuzz(args: &Args, command: &str, flags: &[&str], limit: Duration) -> Result<String, String> {
    let mut fuzz = run::program("rustup", &["run", "nightly", "cargo", "fuzz", command]);
    fuzz.arg(&args.target).args(flags);
    let ended = run::run(&mut fuzz, limit, Output::Keep);
    match ended.verdict {
        Verdict::Passed => Ok(ended.text),
        Verdict::Killed => Err(format!(
            "cargo fuzz {command} ran over {} s",
            limit.as_secs()
        )),
        Verdict::Failed | Verdict::Absent => {
            Err(format!("cargo fuzz {command} failed\n{}", ended.text))
        }
    }
}
