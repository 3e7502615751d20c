//! Runs a program as a child process, reads what it prints and sends it signals.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The limit of one program. It is far above what a busy machine needs.
const LIMIT: Duration = Duration::from_mins(2);

/// The limit of a whole test, for `testkit::within_limit`. A child that hangs is killed
/// before this limit, so that it does not outlive the test.
pub(crate) const TEST_LIMIT: Duration = Duration::from_mins(10);

/// The pause between two looks at a child.
const PAUSE: Duration = Duration::from_millis(5);

/// A program that runs. A drop kills it.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: String,
    errors: Arc<Mutex<String>>,
    /// Ends when the program has closed its errors, and has collected all of them.
    collector: Option<JoinHandle<()>>,
    began: Instant,
}

/// The end of a program, and the text that it printed.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Running {
    /// Starts a program.
    pub(crate) fn start(program: &str, args: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let output = child.stdout.take().expect("its output is piped");
        let error_output = child.stderr.take().expect("its errors are piped");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let errors = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&errors);
        let collector = thread::spawn(move || collect(error_output, &shared));
        Self {
            child,
            lines,
            seen: String::new(),
            errors,
            collector: Some(collector),
            began: Instant::now(),
        }
    }

    /// Returns the next line that contains `text`.
    ///
    /// # Panics
    ///
    /// Panics if the program ends before it prints such a line, or takes too long.
    #[track_caller]
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        loop {
            let left = LIMIT.saturating_sub(self.began.elapsed());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.see(&line);
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(error) => self.fail(&format!("no line with {text:?}: {error}")),
            }
        }
    }

    /// Sends a signal by its name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        kill.args(["-s", name, &self.child.id().to_string()]);
        assert!(
            kill.status().expect("`kill` runs").success(),
            "kill -s {name}"
        );
    }

    /// Waits until the program ends.
    ///
    /// # Panics
    ///
    /// Panics if the program takes too long. The program is then killed.
    #[track_caller]
    pub(crate) fn ended(mut self) -> Ended {
        loop {
            let left = LIMIT.saturating_sub(self.began.elapsed());
            match self.lines.recv_timeout(left) {
                Ok(line) => self.see(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.fail("it hangs"),
            }
        }
        let status = loop {
            match self.child.try_wait().expect("the child is ours") {
                Some(status) => break status,
                None if self.began.elapsed() > LIMIT => self.fail("it closed its output and hangs"),
                None => thread::sleep(PAUSE),
            }
        };
        let collector = self.collector.take();
        collector
            .map(JoinHandle::join)
            .transpose()
            .expect("nothing panics there");
        Ended {
            status,
            output: self.seen.clone(),
            errors: self.errors.lock().unwrap().clone(),
        }
    }

    fn see(&mut self, line: &str) {
        self.seen += line;
        self.seen.push('\n');
    }

    #[track_caller]
    fn fail(&mut self, why: &str) -> ! {
        let _ended = self.child.kill();
        let errors = self.errors.lock().unwrap();
        panic!("{why}\n--- output\n{}--- errors\n{errors}", self.seen)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Ended {
    /// Returns the output of a program that has succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert!(self.status.success(), "{self:#?}");
        self.output
    }

    /// Returns the signal that ended the program.
    pub(crate) fn signal(&self) -> Option<i32> {
        std::os::unix::process::ExitStatusExt::signal(&self.status)
    }
}

/// Returns the number that stands before `unit`, as 3 in `3 notes`.
#[track_caller]
pub(crate) fn number_before(text: &str, unit: &str) -> u64 {
    let before = text
        .split(unit)
        .next()
        .filter(|before| before.len() < text.len());
    let word = before.and_then(|before| before.split_whitespace().last());
    let number = word.and_then(|word| word.parse().ok());
    number.unwrap_or_else(|| panic!("no number before {unit:?} in:\n{text}"))
}

/// Starts a program and waits until it ends.
#[track_caller]
pub(crate) fn run(program: &str, args: &[&str]) -> Ended {
    Running::start(program, args).ended()
}

/// Runs `body` while other threads keep every processor busy.
pub(crate) fn under_load<T>(body: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        // A panic in `body` must end the threads too.
        let _end = Set(&over);
        body()
    })
}

/// Sets a flag when it is dropped.
struct Set<'a>(&'a AtomicBool);

impl Drop for Set<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn collect(mut from: impl Read, into: &Mutex<String>) {
    let mut bytes = [0; 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        *into.lock().unwrap() += &String::from_utf8_lossy(&bytes[..count]);
    }
}
