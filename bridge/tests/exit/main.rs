//! What was accepted is finished before the process exits.
//!
//! A target without the usual test harness: each case is a `main` of its own, which
//! this program runs as a child, by its name in an environment variable.

mod cases;
mod children;
#[cfg(unix)]
mod forks;
mod log;

use std::{
    env,
    path::PathBuf,
    process::{Command, Output, Stdio, exit},
    thread,
    time::{Duration, Instant},
};

/// Names the case that a child is to run.
const CASE: &str = "BRIDGE_EXIT_CASE";

/// A child gets a path of its own here, where a case writes to a file.
const FILE: &str = "BRIDGE_EXIT_FILE";

/// A child that runs longer than this hangs. It is twice the grace that the cases
/// set which must not be waited for, and far more than any other takes.
const LIMIT: Duration = Duration::from_secs(20);

/// Far longer than [`LIMIT`]: an exit that waits this long is a failure.
const ENDLESS: Duration = Duration::from_mins(10);

/// One case: its name, what the child does, how often, and what must come of it.
struct Case {
    name: &'static str,
    child: fn(),
    runs: usize,
    expect: Expect,
}

/// What must come of a child.
#[derive(Default)]
struct Expect {
    stdout: &'static str,
    /// Texts that must be on stderr.
    stderr: &'static [&'static str],
    code: i32,
    /// Bytes in the file.
    file: Option<usize>,
    /// Ended by a signal instead of a code.
    aborts: bool,
}

impl Expect {
    /// Whether anything may be on stderr.
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
