//! A program as a child process: its lines, its signals and its end.

#[cfg(all(test, unix))]
mod tests;

use std::{
    fmt, hint,
    io::{BufRead as _, BufReader, Read, Write as _},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::within_limit;

/// The longest time that a program may run. Even a busy machine needs far less.
const LIMIT: Duration = Duration::from_mins(2);

/// The longest time that a test of programs may run.
const TEST_LIMIT: Duration = Duration::from_mins(10);

/// The pause between two looks at a program that has closed its output.
const PAUSE: Duration = Duration::from_millis(5);

/// A running program.
///
/// A kill timer ends a program that runs for longer than two minutes. A drop kills
/// the program at once.
#[derive(Debug)]
pub struct Program {
    process: Arc<Mutex<Child>>,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: String,
    /// Reads the errors until the program closes them.
    errors: Option<JoinHandle<String>>,
    timer: Timer,
}

/// The end of a program, and the text that it printed.
#[derive(Debug)]
pub struct Ended {
    /// The exit status.
    pub status: ExitStatus,
    /// All that the program has written to its standard output.
    pub output: String,
    /// All that the program has written to its standard error.
    pub errors: String,
}

/// Kills a program that runs for too long. A drop stops the timer.
#[derive(Debug)]
struct Timer {
    limit: Duration,
    has_killed: Arc<AtomicBool>,
    _stop: Sender<()>,
}

/// Runs a test of programs under a kill timer, for longer than its programs may run.
///
/// So a program that hangs is killed first, and does not outlive the test.
///
/// # Panics
///
/// Panics if `body` panics, with the same payload.
#[track_caller]
pub fn within<R>(body: impl FnOnce() -> R) -> R {
    within_limit(TEST_LIMIT, body)
}

/// Runs a program without input, and waits for its end.
///
/// # Panics
///
/// Panics if the program does not start, or hangs.
#[track_caller]
#[must_use]
pub fn run(program: &str, args: &[&str]) -> Ended {
    Program::start(program, args).end()
}

impl Program {
    /// Starts a program.
    ///
    /// # Panics
    ///
    /// Panics if the program does not start.
    #[track_caller]
    #[must_use]
    pub fn start(program: &str, args: &[&str]) -> Self {
        Self::start_with_limit(program, args, LIMIT)
    }

    #[track_caller]
    fn start_with_limit(program: &str, args: &[&str], limit: Duration) -> Self {
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("`{program}` does not start: {error}"));
        let input = child.stdin.take();
        let output = child.stdout.take().expect("the output is piped");
        let error_output = child.stderr.take().expect("the errors are piped");
        let (send, lines) = channel();
        // Both pipes have a reader, so that a full pipe does not stop the program.
        thread::spawn(move || read_lines(output, |line| send.send(line).is_ok()));
        let errors = thread::spawn(move || {
            let mut text = String::new();
            read_lines(error_output, |line| {
                text += &line;
                true
            });
            text
        });
        let process = Arc::new(Mutex::new(child));
        Self {
            timer: Timer::start(&process, limit),
            process,
            input,
            lines,
            seen: String::new(),
            errors: Some(errors),
        }
    }

    /// Sends a line to the program's input.
    ///
    /// # Panics
    ///
    /// Panics if the program has closed its input.
    #[track_caller]
    pub fn line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("only `end` closes the input");
        if let Err(error) = writeln!(input, "{line}") {
            self.fail(&format!("it does not read `{line}`: {error}"));
        }
    }

    /// Reads the program's output up to a line that contains `text`. Returns that line
    /// without its end.
    ///
    /// # Panics
    ///
    /// Panics if the program ends before it prints such a line, or hangs.
    #[track_caller]
    pub fn until(&mut self, text: &str) -> String {
        while let Ok(line) = self.lines.recv() {
            self.seen += &line;
            if line.contains(text) {
                return line.trim_end_matches(['\r', '\n']).to_owned();
            }
        }
        self.fail(&format!("no line with `{text}`"))
    }

    /// Sends a signal by its name, such as `INT`.
    ///
    /// # Panics
    ///
    /// Panics if the signal cannot be sent.
    #[cfg(unix)]
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &lock(&self.process).id().to_string()]);
        let status = kill.status().expect("`kill` starts");
        assert!(status.success(), "kill -s {name}: {status}");
    }

    /// Closes the input and waits for the end.
    ///
    /// # Panics
    ///
    /// Panics if the program hangs.
    #[track_caller]
    #[must_use]
    pub fn end(mut self) -> Ended {
        drop(self.input.take());
        self.ended()
    }

    /// Waits for the end while the input stays open.
    ///
    /// # Panics
    ///
    /// Panics if the program hangs.
    #[track_caller]
    #[must_use]
    pub fn ended(mut self) -> Ended {
        let ended = self.read_to_end();
        let Timer { limit, .. } = self.timer;
        let killed = self.timer.has_killed();
        assert!(!killed, "it ran for {limit:?} and was killed: {ended}");
        ended
    }

    fn read_to_end(&mut self) -> Ended {
        self.seen.extend(self.lines.iter());
        let errors = self.errors.take().map(JoinHandle::join);
        let status = loop {
            // The lock is not held for longer, because the kill timer may need it.
            match lock(&self.process).try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(error) => panic!("nobody can wait for the program: {error}"),
            }
            thread::sleep(PAUSE);
        };
        Ended {
            status,
            output: self.seen.clone(),
            errors: errors.transpose().ok().flatten().unwrap_or_default(),
        }
    }

    /// Kills the program, and panics with all that it printed.
    #[track_caller]
    fn fail(&mut self, why: &str) -> ! {
        let killed = if self.timer.has_killed() {
            format!(" before it was killed after {:?}", self.timer.limit)
        } else {
            String::new()
        };
        let _has_ended = lock(&self.process).kill();
        panic!("{why}{killed}: {}", self.read_to_end())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Usually the program has ended. It runs here only if a test has failed.
        let mut process = lock(&self.process);
        let _has_ended = process.kill();
        let _status = process.wait();
    }
}

impl Timer {
    fn start(process: &Arc<Mutex<Child>>, limit: Duration) -> Self {
        let has_killed = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = channel();
        let (process, killed) = (Arc::clone(process), Arc::clone(&has_killed));
        thread::spawn(move || {
            if stopped.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                let mut process = lock(&process);
                if matches!(process.try_wait(), Ok(None)) {
                    eprintln!("kill timer: process {} ran for {limit:?}", process.id());
                    killed.store(true, SeqCst);
                    let _has_ended = process.kill();
                }
            }
        });
        Self {
            limit,
            has_killed,
            _stop: stop,
        }
    }

    fn has_killed(&self) -> bool {
        self.has_killed.load(SeqCst)
    }
}

impl Ended {
    /// Returns the output of a program that has succeeded.
    ///
    /// # Panics
    ///
    /// Panics if the program has failed.
    #[track_caller]
    #[expect(
        clippy::must_use_candidate,
        reason = "often a test only wants the program to succeed"
    )]
    pub fn success(self) -> String {
        assert!(self.status.success(), "{self}");
        self.output
    }

    /// Returns the signal that ended the program.
    #[cfg(unix)]
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        std::os::unix::process::ExitStatusExt::signal(&self.status)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            output,
            errors,
        } = self;
        write!(f, "{status}\n--- output\n{output}\n--- errors\n{errors}")
    }
}

/// Returns the number before the first `words` of a text, such as 3 in `3 open, 4 left`.
///
/// # Panics
///
/// Panics if the text has no such words, or no number before them.
#[track_caller]
#[must_use]
pub fn number_before(text: &str, words: &str) -> u64 {
    let before = text.split_once(&format!(" {words}"));
    let word = before.and_then(|(before, _)| before.split_whitespace().next_back());
    let number = word.and_then(|word| word.parse().ok());
    number.unwrap_or_else(|| panic!("no number before `{words}` in: {text}"))
}

/// Runs `body` while other threads use all processors.
pub fn under_load<R>(body: impl FnOnce() -> R) -> R {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(2, usize::from) * 2;
        for _ in 0..count {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    hint::spin_loop();
                }
            });
        }
        // A panic of the body has to end the threads too.
        let _end = SetOnDrop(&over);
        body()
    })
}

/// Sets a flag when it is dropped.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Reads lines with their ends, until `take` returns `false`.
fn read_lines(from: impl Read, mut take: impl FnMut(String) -> bool) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while let Ok(1..) = from.read_until(b'\n', &mut line) {
        if !take(String::from_utf8_lossy(&line).into_owned()) {
            break;
        }
        line.clear();
    }
}

/// A panic of another test thread leaves the process usable.
fn lock(process: &Mutex<Child>) -> MutexGuard<'_, Child> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}
