//! Processes that are started, read to their end, and killed if they hang.

use std::{
    env,
    io::Read,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` if a signal ended the process.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a program to its end.
///
/// # Panics
///
/// If it takes longer than `limit`, after it was killed.
pub(crate) fn run(program: &str, args: &[&str], limit: Duration) -> Ended {
    let mut child = Command::new(program)
        .args(args)
        // Many programs panic on purpose, and a backtrace takes a second.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let (code, hung) = end(&mut child, limit);
    let read = |reader: JoinHandle<String>| reader.join().unwrap_or_default();
    let ended = Ended {
        code,
        stdout: read(stdout),
        stderr: read(stderr),
    };
    assert!(!hung, "{args:?} hung for {limit:?}: {ended:?}");
    ended
}

/// Waits for the end, or brings it about.
fn end(child: &mut Child, limit: Duration) -> (Option<i32>, bool) {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return (status.code(), false),
            Ok(None) if began.elapsed() > limit => {
                let _ended_meanwhile = child.kill();
                let status = child.wait().ok();
                return (status.and_then(|status| status.code()), true);
            }
            _ => thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Reads a pipe on a thread, so that a full pipe does not stop the program.
fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut pipe) = pipe {
            let _what_came = pipe.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    })
}

/// Returns the part of the program that this process was started for.
#[allow(dead_code, reason = "the tests start whole programs only")]
pub(crate) fn part() -> Option<String> {
    env::args().nth(2)
}

/// Runs a part of this program in a process of its own.
///
/// # Panics
///
/// If the part hangs.
#[allow(dead_code, reason = "the tests start whole programs only")]
pub(crate) fn run_part(part: &str) -> Ended {
    let this = env::current_exe().expect("this program has a path");
    let name = env::args().nth(1).expect("this program has a name");
    run(
        &this.to_string_lossy(),
        &[&name, part],
        Duration::from_secs(20),
    )
}
