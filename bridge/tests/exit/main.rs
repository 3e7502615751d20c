//! Checks that accepted work finishes before the process exits.
//!
//! This target has no test harness. Each case is a `main` of its own: this
//! program starts itself as a child, and an environment variable names the
//! case.

mod callers;
mod cases;
mod children;
#[cfg(unix)]
mod forks;
#[cfg(unix)]
mod handlers;
mod late;
mod log;

use std::{
    env,
    path::PathBuf,
    process::{Command, Output, Stdio, exit},
    thread,
    time::{Duration, Instant},
};

/// The variable that names the child's case.
const CASE: &str = "BRIDGE_EXIT_CASE";

/// The variable with the path of the child's file. Some cases write that file.
const FILE: &str = "BRIDGE_EXIT_FILE";

/// The time after which a child counts as hung. No case takes nearly as long.
const LIMIT: Duration = Duration::from_secs(20);

/// Far longer than [`LIMIT`], so an exit that waits this long fails its case.
const ENDLESS: Duration = Duration::from_mins(10);

/// A case: its name, the child's `main`, the number of runs and the expected
/// result.
struct Case {
    name: &'static str,
    child: fn(),
    runs: usize,
    expect: Expect,
}

/// The expected result of a child.
#[derive(Default)]
struct Expect {
    stdout: &'static str,
    /// Texts that must be on stderr.
    stderr: &'static [&'static str],
    /// The number of lines on stderr, if it matters.
    lines: Option<usize>,
    code: i32,
    /// The size of the file, if the case writes one.
    file: Option<usize>,
    /// Whether a signal ends the child instead of an exit code.
    aborts: bool,
}

impl Expect {
    /// Returns whether the child may write to stderr.
    fn may_log(&self) -> bool {
        !self.stderr.is_empty() || self.code != 0 || self.aborts
    }
}

fn main() {
    let cases = cases();
    if let Ok(name) = env::var(CASE) {
        let case = cases.iter().find(|case| case.name == name);
        return (case.expect("the parent names a case that exists").child)();
    }
    let mut args = env::args().skip(1).filter(|arg| !arg.starts_with('-'));
    let filter = args.next().unwrap_or_default();
    let is_exact = env::args().any(|arg| arg == "--exact");
    let is_chosen =
        |case: &&Case| case.name == filter || (!is_exact && case.name.contains(&filter));
    let chosen: Vec<_> = cases.iter().filter(is_chosen).collect();
    // The lines of the usual harness, for those who count tests.
    let tests = if chosen.len() == 1 { "test" } else { "tests" };
    println!("running {} {tests}", chosen.len());
    let mut failed = 0;
    for case in &chosen {
        let result = (0..case.runs).try_for_each(|_| run(case));
        match result {
            Ok(()) => println!("test {} ... ok", case.name),
            Err(why) => {
                failed += 1;
                println!("test {} ... FAILED\n{why}", case.name);
            }
        }
    }
    if failed > 0 {
        println!("test result: FAILED. {failed} failed");
        exit(101);
    }
    println!("test result: ok. {} passed; 0 failed", chosen.len());
}

fn cases() -> Vec<Case> {
    let mut cases = cases::all();
    #[cfg(unix)]
    cases.extend(forks::all());
    cases
}

/// Runs a case once.
fn run(case: &Case) -> Result<(), String> {
    let expect = &case.expect;
    let path = file(case.name);
    let _none_yet = std::fs::remove_file(&path);
    let output = child(case.name, &path)?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let length = std::fs::metadata(&path).map_or(0, |file| file.len());
    let _done_with = std::fs::remove_file(&path);
    let text = format!(
        "status {}, {length} bytes in the file\nstdout: {stdout}\nstderr: {stderr}",
        output.status
    );
    let code = (!expect.aborts).then_some(expect.code);
    let wanted = output.status.code() == code
        && stdout == expect.stdout
        && expect.stderr.iter().all(|part| stderr.contains(part))
        && (stderr.is_empty() || expect.may_log())
        && expect
            .lines
            .is_none_or(|lines| stderr.lines().count() == lines)
        && expect.file.is_none_or(|bytes| length == bytes as u64);
    if wanted { Ok(()) } else { Err(text) }
}

fn file(case: &str) -> PathBuf {
    env::temp_dir().join(format!("bridge-exit-{}-{case}", std::process::id()))
}

/// Runs the child under a kill timer.
fn child(case: &str, path: &PathBuf) -> Result<Output, String> {
    let program = env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command
        .env(CASE, case)
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if case.contains("fork") {
        // The child of a fork has none of the stacks that refer to its memory, so a
        // sanitizer would report leaks.
        let options = env::var("ASAN_OPTIONS").unwrap_or_default();
        command.env("ASAN_OPTIONS", format!("{options}:detect_leaks=0"));
    }
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let began = Instant::now();
    let hung = loop {
        match child.try_wait() {
            Ok(Some(_)) => break false,
            Ok(None) if began.elapsed() > LIMIT => {
                let _ended_meanwhile = child.kill();
                break true;
            }
            _ => thread::sleep(Duration::from_millis(2)),
        }
    };
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    if hung {
        return Err(format!("hung for {LIMIT:?}: {output:?}"));
    }
    Ok(output)
}
