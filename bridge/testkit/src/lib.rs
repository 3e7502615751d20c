//! Kill timers, child programs and small helpers for the tests of several crates.
//!
//! [`within`] is the kill timer. A test that could hang runs its body inside
//! it. A hang then ends as a failure that names the test. Without the timer it
//! would be a build that never ends.
//!
//! [`program`] is for tests that start programs. [`memory`] is for programs that look for
//! leaks.
#![deny(unsafe_code)]

pub mod memory;
pub mod program;
#[cfg(feature = "property")]
pub mod property;

use std::{
    any::Any,
    env,
    io::{self, Write as _},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook},
    process,
    sync::{
        Arc, Mutex,
        mpsc::{RecvTimeoutError, channel},
    },
    thread,
    time::Duration,
};

/// The limit that suits most tests. It is far above what a slow machine needs,
/// and far below what a person waits for.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Runs `body` on this thread, and ends the process if it takes longer than
/// [`LIMIT`].
///
/// # Panics
///
/// Panics if `body` panics, with the same payload.
#[track_caller]
pub fn within<R>(body: impl FnOnce() -> R) -> R {
    within_limit(LIMIT, body)
}

/// Runs `body` on this thread, and ends the process if it takes longer than
/// `limit`. `KILL_TIMER_FACTOR` raises the limit.
///
/// Nothing can stop a thread that hangs, so the timer ends the whole test
/// process. It prints a line that names the call, and exits with code 124, as
/// `timeout(1)` does.
///
/// # Panics
///
/// Panics if `body` panics, with the same payload.
#[track_caller]
pub fn within_limit<R>(limit: Duration, body: impl FnOnce() -> R) -> R {
    let limit = limit.saturating_mul(factor());
    let place = std::panic::Location::caller();
    let test = thread::current().name().unwrap_or("?").to_owned();
    let (done, over) = channel::<()>();
    let timer = thread::spawn(move || {
        if over.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            // Not `eprintln!`: libtest captures its output, on this thread too,
            // and `exit` drops captured output.
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

/// Returns whether this process has a thread of this name. The name has at most 15 bytes.
///
/// # Panics
///
/// Panics if the system does not list the threads of this process.
#[cfg(target_os = "linux")]
#[must_use]
pub fn has_thread(name: &str) -> bool {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let mut names = threads.filter_map(|thread| {
        // The thread may end meanwhile.
        std::fs::read_to_string(thread.ok()?.path().join("comm")).ok()
    });
    names.any(|other| other.trim_end() == name)
}

/// Returns the factor by which `KILL_TIMER_FACTOR` raises each limit, or 1. The stages of the
/// audit set the variable where an instrument slows the tests down.
fn factor() -> u32 {
    env::var("KILL_TIMER_FACTOR").map_or(1, |factor| {
        factor
            .parse()
            .expect("`KILL_TIMER_FACTOR` is a whole number")
    })
}

/// Returns the text of a panic's payload, if the payload is a text.
#[must_use]
pub fn panic_text(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("a payload that is no text")
}

/// Returns the file and the line of the panic in `body`.
///
/// # Panics
///
/// Panics if `body` does not.
pub fn panic_place(body: impl FnOnce()) -> (String, u32) {
    // All tests of a process share its hook.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static PLACE: Mutex<Option<(String, u32)>> = Mutex::new(None);
    let _alone = ONE_AT_A_TIME.lock().unwrap();
    let before = Arc::new(take_hook());
    let (here, others) = (thread::current().id(), Arc::clone(&before));
    set_hook(Box::new(move |info| {
        if thread::current().id() != here {
            return others(info);
        }
        let place = info.location().unwrap();
        *PLACE.lock().unwrap() = Some((place.file().to_owned(), place.line()));
    }));
    let result = catch_unwind(AssertUnwindSafe(body));
    set_hook(Box::new(move |info| before(info)));
    result.unwrap_err();
    PLACE.lock().unwrap().take().unwrap()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

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

    /// Hangs. The test below runs it in a child process.
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
            // With one test thread, libtest runs tests on a thread named
            // `main`.
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
