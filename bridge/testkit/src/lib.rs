//! What the tests of several crates share.
//!
//! [`within`] is the kill timer: a test of something that could hang runs
//! inside it, so that a hang ends as a failure that names the test instead of
//! as a build that never returns.
#![forbid(unsafe_code)]

#[cfg(feature = "property")]
pub mod property;

use std::{
    any::Any,
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    process,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// The limit that suits most tests: far above what a slow machine needs, far
/// below what a person waits for.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Runs `body` on this thread and ends the process if it takes longer than
/// [`LIMIT`].
///
/// # Panics
///
/// With whatever `body` panics with.
#[track_caller]
pub fn within<R>(body: impl FnOnce() -> R) -> R {
    within_limit(LIMIT, body)
}

/// Runs `body` on this thread and ends the process if it takes longer than
/// `limit`.
///
/// A thread that hangs can't be stopped from outside, so the whole test
/// process is: with exit code 124, as `timeout(1)` has it, and a line that
/// says which call hung.
///
/// # Panics
///
/// With whatever `body` panics with.
#[track_caller]
pub fn within_limit<R>(limit: Duration, body: impl FnOnce() -> R) -> R {
    let place = std::panic::Location::caller();
    let test = thread::current().name().unwrap_or("?").to_owned();
    let (done, over) = channel::<()>();
    let timer = thread::spawn(move || {
        if over.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            // Not `eprintln!`: libtest captures what that prints, on this
            // thread too, and `exit` drops what was captured.
            let _closed = writeln!(
                io::stderr(),
                "kill timer: test `{test}` at {place} hung for {limit:?}"
            );
            process::exit(124);
        }
    });
    let result = catch_unwind(AssertUnwindSafe(body));
    drop(done);
    timer.join().expect("the kill timer does not panic");
    match result {
        Ok(value) => value,
        Err(payload) => resume_unwind(payload),
    }
}

/// The text of a panic's payload, where it is a text.
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a payload that is no text")
}

#[cfg(test)]
mod tests {
    use std::{env, process::Command};

    use super::*;

    #[test]
    fn a_quick_body_returns_its_value() {
        assert_eq!(within(|| 7), 7);
    }

    #[test]
    fn a_panic_passes_through() {
        let payload = catch_unwind(|| within(|| panic!("seven"))).unwrap_err();
        assert_eq!(panic_text(&*payload), "seven");
    }

    /// Hangs, for the test below.
    #[test]
    #[ignore = "hangs on purpose; `a_hang_is_named` runs it in a process of its own"]
    fn hangs() {
        within_limit(Duration::from_millis(50), || {
            thread::sleep(Duration::from_mins(1));
        });
    }

    #[test]
    fn a_hang_is_named() {
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "tests::hangs", "--ignored"])
            // With a single one, tests run on a thread that is called `main`.
            .env("RUST_TEST_THREADS", "2")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(124), "{text}");
        assert!(text.contains("kill timer"), "{text}");
        assert!(text.contains("tests::hangs"), "{text}");
        assert!(text.contains(file!()), "{text}");
    }
}
