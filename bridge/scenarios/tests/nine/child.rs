//! A program as a child process: its lines, its signals and its end.

use std::{
    hint,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process::{self, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

/// A running program. Dropping it kills the program.
pub(crate) struct Child {
    process: process::Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    seen: String,
    /// Dropping it ends the kill timer of the program.
    _timer: Sender<()>,
}

/// The longest time that a program may run. Even a busy machine needs far less.
const LIMIT: Duration = Duration::from_mins(2);

/// Runs a test under a kill timer, for longer than its programs may run. So a program that
/// hangs is killed, and is not left behind.
#[track_caller]
pub(crate) fn within<R>(body: impl FnOnce() -> R) -> R {
    testkit::within_limit(LIMIT * 2, body)
}

impl Child {
    pub(crate) fn start(program: &str, args: &[&str]) -> Self {
        let mut process = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (timer, over) = channel();
        let id = process.id();
        thread::spawn(move || {
            if over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                eprintln!("kill timer: process {id} ran for {LIMIT:?}");
                signal(id, "KILL");
            }
        });
        Self {
            _timer: timer,
            input: process.stdin.take(),
            output: BufReader::new(process.stdout.take().unwrap()),
            process,
            seen: String::new(),
        }
    }

    /// Sends a line to the program's input.
    pub(crate) fn line(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
    }

    /// Reads the program's output up to a line that contains `text`. Returns that line.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.output.read_line(&mut line).unwrap();
            self.seen.push_str(&line);
            assert!(length > 0, "no `{text}` in: {}", self.seen);
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Sends a signal, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.process.id(), name);
    }

    /// Closes the input and waits for the end. Returns the status and the whole output.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        drop(self.input.take());
        self.ended()
    }

    /// Waits for the end while the input stays open.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        self.output.read_to_string(&mut self.seen).unwrap();
        (self.process.wait().unwrap(), self.seen.clone())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It has ended, or a test has failed.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Returns the number before the first `words` of a text such as `3 open, 4 given up`.
#[track_caller]
pub(crate) fn number_before(text: &str, words: &str) -> u32 {
    let before = text.split(&format!(" {words}")).next().unwrap();
    let number = before.rsplit([' ', '\n', '\r']).next().unwrap();
    let number = number.parse();
    number.unwrap_or_else(|_| panic!("no number before `{words}` in: {text}"))
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Runs `body` while other threads use all processors.
pub(crate) fn under_load<R>(body: impl FnOnce() -> R) -> R {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(2, usize::from) * 2;
        for _ in 0..count {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    hint::spin_loop();
                }
            });
        }
        // If the body panics, the threads have to end too.
        let result = catch_unwind(AssertUnwindSafe(body));
        over.store(true, Relaxed);
        result.unwrap_or_else(|payload| resume_unwind(payload))
    })
}
