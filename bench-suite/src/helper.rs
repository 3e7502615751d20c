//! Helper processes: servers, clients and busy loops.
//!
//! A bench starts its own program again, in a role that an environment variable
//! names. It sends a helper one line for each order, and the helper answers each
//! with one line. A helper ends when its input ends, so it never outlives the bench
//! that started it.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// The environment variable that names the role of a helper.
const ROLE: &str = "BRIDGE_BENCH_ROLE";

/// The time that a helper may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// Returns the role that this process was started in, if it is a helper.
#[must_use]
pub fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// A process that runs this same program in a role.
#[derive(Debug)]
pub struct Helper {
    child: Child,
    /// `None` once the helper has been told to end.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Helper {
    /// Starts this program again, in `role`.
    ///
    /// # Errors
    ///
    /// Returns an error if the system can't start the process.
    pub fn start(role: &str) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = child.stdin.take();
        let answers = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            orders,
            answers: BufReader::new(answers),
        })
    }

    /// Sends one order and returns the answer to it.
    ///
    /// # Errors
    ///
    /// Returns an error if the helper has ended.
    pub fn ask(&mut self, order: &str) -> io::Result<String> {
        let orders = self.orders.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(orders, "{order}")?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            let why = format!("the helper ended without an answer to `{order}`");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, why));
        }
        Ok(answer.trim_end().to_owned())
    }

    fn end(&mut self) -> io::Result<()> {
        self.orders = None;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() {
            if start.elapsed() > GRACE {
                self.child.kill()?;
                self.child.wait()?;
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // The helper ends with its input, even if this process can't wait for it.
        let _ = self.end();
    }
}

/// Answers each order until there are no more. Only a helper calls this.
///
/// # Errors
///
/// Returns an error if the orders can't be read, or if the bench has ended.
pub fn obey(mut answer: impl FnMut(&str) -> String) -> io::Result<()> {
    for order in io::stdin().lock().lines() {
        let answer = answer(&order?);
        let mut out = io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The role of [`busy`].
pub const BUSY: &str = "busy";

/// Keeps one processor busy until there are no more orders. Only a helper calls this.
///
/// # Errors
///
/// Returns the errors of [`obey`].
pub fn busy() -> io::Result<()> {
    // The thread never ends by itself. The process ends when this function returns.
    thread::spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    obey(|_| String::new())
}
