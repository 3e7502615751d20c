//! Runs a program under a kill timer, and says how it ended.
//!
//! A hang must end as a failure that names its step. So every program of a chore goes
//! through [`run`]. Once the limit has passed, [`run`] kills the program and everything
//! that the program started.

mod kill;
mod tee;

use std::{
    env,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// The interval at which a running program is checked.
const TICK: Duration = Duration::from_millis(50);

/// The destination of a program's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// The output goes to the terminal alone.
    Show,
    /// The output goes to the terminal and to the caller.
    Tee,
    /// The output goes to the caller alone.
    Keep,
}

/// The way in which a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// The kill timer ended the program.
    Killed,
    /// The program could not be started.
    Absent,
}

/// The result of a program that has ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    pub(crate) time: Duration,
    /// Both streams of the program, unless [`Output::Show`] was asked for.
    pub(crate) text: String,
}

impl Ended {
    pub(crate) fn passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }

    /// Returns the end of a program that has printed this text.
    #[cfg(test)]
    pub(crate) fn of(verdict: Verdict, text: &str) -> Self {
        Self {
            verdict,
            time: Duration::ZERO,
            text: text.to_owned(),
        }
    }
}

/// Returns a command that runs Cargo in the root of the workspace.
///
/// The Cargo that runs this chore is used. A chore builds each thing once, so what Cargo
/// keeps for an incremental build would only fill the disk.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(args);
    clean(&mut cargo);
    cargo.env("CARGO_INCREMENTAL", "0");
    cargo
}

/// Returns a command that runs any program in the root of the workspace.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
    let mut program = Command::new(name);
    program.args(args);
    clean(&mut program);
    program
}

/// Removes the variables that `cargo run` sets about this program.
///
/// Otherwise build scripts that look at them would run again.
fn clean(command: &mut Command) {
    let about_us = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if about_us.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.current_dir(crate::root());
}

/// Returns the value to which the command sets an environment variable.
#[cfg(test)]
pub(crate) fn variable(command: &Command, name: &str) -> Option<String> {
    let mut set = command.get_envs();
    let (_, value) = set.find(|(set, _)| *set == name)?;
    Some(value?.to_string_lossy().into_owned())
}

/// Runs `command` until it ends, or until `limit` has passed.
pub(crate) fn run(command: &mut Command, limit: Duration, output: Output) -> Ended {
    if output != Output::Show {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let tee = output == Output::Tee;
    run_read(command, limit, |child| tee::readers(child, tee))
}

/// Runs `command`, keeps its output, and calls `watch` with each line of it.
pub(crate) fn watch(
    command: &mut Command,
    limit: Duration,
    watch: impl FnMut(&str) + Send + 'static,
) -> Ended {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let watcher: tee::Watcher = Arc::new(Mutex::new(watch));
    run_read(command, limit, |child| tee::watched(child, &watcher))
}

fn run_read(
    command: &mut Command,
    limit: Duration,
    readers: impl FnOnce(&mut Child) -> tee::Readers,
) -> Ended {
    let start = Instant::now();
    command.stdin(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            let program = Path::new(command.get_program()).display();
            let text = format!("`{program}` cannot be started: {error}");
            return Ended {
                verdict: Verdict::Absent,
                time: start.elapsed(),
                text,
            };
        }
    };
    let readers = readers(&mut child);
    let verdict = loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break Verdict::Passed,
            Ok(Some(_)) | Err(_) => break Verdict::Failed,
            Ok(None) if start.elapsed() > limit => {
                kill::tree(&mut child);
                break Verdict::Killed;
            }
            // A short run is checked often, because its time is shown.
            Ok(None) => thread::sleep(TICK.min(start.elapsed() / 50)),
        }
    };
    Ended {
        verdict,
        time: start.elapsed(),
        text: readers.text(),
    }
}

/// Returns the last lines, which describe a failure.
pub(crate) fn last_lines(text: &str) -> String {
    const LINES: usize = 60;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_text() {
        let lines: Vec<String> = (0..100).map(|number| number.to_string()).collect();
        let text = lines.join("\n\n");
        let last = last_lines(&text);
        assert!(last.starts_with("40\n") && last.ends_with("\n99"), "{last}");
        assert_eq!(last_lines("one"), "one");
    }

    #[test]
    fn a_program_that_is_not_there_is_absent() {
        let ended = run(&mut program("no-such-program", &[]), TICK, Output::Keep);
        assert_eq!(ended.verdict, Verdict::Absent);
    }

    #[test]
    fn a_program_is_judged_by_its_exit_code() {
        let verdict = |argument| {
            let mut program = cargo(&[argument]);
            run(&mut program, Duration::from_mins(1), Output::Keep).verdict
        };
        assert_eq!(verdict("--version"), Verdict::Passed);
        assert_eq!(verdict("--no-such-option"), Verdict::Failed);
    }

    #[test]
    fn output_comes_back() {
        let ended = run(
            &mut cargo(&["--version"]),
            Duration::from_mins(1),
            Output::Keep,
        );
        assert!(ended.passed());
        assert!(ended.text.starts_with("cargo "), "{}", ended.text);
    }

    #[test]
    fn each_line_is_seen_and_kept() {
        let (send, seen) = std::sync::mpsc::channel();
        let ended = watch(
            &mut cargo(&["--version"]),
            Duration::from_mins(1),
            move |line| send.send(line.to_owned()).expect("somebody who listens"),
        );
        let seen: Vec<String> = seen.into_iter().collect();
        assert_eq!(seen.join("\n"), ended.text.trim_end());
        assert!(seen[0].starts_with("cargo "), "{seen:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_hang_is_killed_with_what_it_started() {
        let start = Instant::now();
        let mut hang = program("sh", &["-c", "sleep 60 & wait"]);
        let ended = run(&mut hang, Duration::from_millis(300), Output::Keep);
        assert_eq!(ended.verdict, Verdict::Killed);
        // Reading ends only when the grandchild, which holds the pipe, has been killed.
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
