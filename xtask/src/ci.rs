//! Runs what CI runs, on this machine: `.ci/run` in a fresh clone of HEAD.
//!
//! The clone shows what a checkout misses: files never added, or paths that exist on
//! one machine only. `.ci/run` itself calls the test command of the README, and `tidy`
//! checks that it does.

use std::{fs, time::Duration};

use crate::{
    Chore,
    run::{self, Ended, Output, Verdict},
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The kill timer of the whole run, compilation included, in minutes
    #[arg(long, default_value_t = 25)]
    minutes: u64,
}

pub(crate) fn run(args: &Args) -> Chore {
    let clone = crate::root().join("target").join("ci");
    let _ = fs::remove_dir_all(&clone);
    let here = crate::root();
    let mut git = run::program("git", &["clone", "--quiet"]);
    git.arg(&here).arg(&clone);
    if !run::run(&mut git, Duration::from_mins(2), Output::Show).passed() {
        return Err("git could not clone this repository".into());
    }
    let mut script = run::program("bash", &[".ci/run"]);
    script.current_dir(&clone);
    let ended = run::run(
        &mut script,
        Duration::from_secs(60 * args.minutes),
        Output::Show,
    );
    let _ = fs::remove_dir_all(&clone);
    println!("ci: {} s from a clean clone", ended.time.as_secs());
    verdict(ended, args.minutes)
}

fn verdict(ended: Ended, minutes: u64) -> Chore {
    match ended.verdict {
        Verdict::Passed => Ok(()),
        Verdict::Failed => Err(".ci/run failed".into()),
        Verdict::Killed => Err(format!(".ci/run took more than {minutes} minutes")),
        Verdict::Absent => Err(ended.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chore_ends_as_the_script_does() {
        assert_eq!(verdict(Ended::of(Verdict::Passed, ""), 1), Ok(()));
        for failed in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            assert!(verdict(Ended::of(failed, ""), 1).is_err(), "{failed:?}");
        }
    }
}
