//! Checks a wait that needs home while the system can start no thread.
//!
//! The wait returns an error, and a later wait works when threads can be
//! started. So home starts with the first wait, not with its bridge.
#![cfg(target_os = "linux")]

use std::{env, process::Command};

use bridge::{Bridge, WaitError};
use testkit::within;

/// The stack size of a thread. It is so large that a limit on the address space
/// stops new threads and nothing else.
const STACK: u64 = 1 << 34;

/// The variable that sets the default stack size. A process reads it once, so
/// this test runs in a child process.
const STACK_VARIABLE: &str = "RUST_MIN_STACK";

/// Leaves no room for the stack of another thread, until it is dropped.
struct NoRoom(libc::rlimit);

impl NoRoom {
    fn new() -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
        let mut before = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: `before` is a valid place for the limit.
        let got = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut before) };
        let limit = libc::rlimit {
            rlim_cur: pages * 4096 + STACK / 2,
            ..before
        };
        // SAFETY: `limit` is a valid limit.
        let set = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        assert_eq!((got, set), (0, 0));
        Self(before)
    }
}

impl Drop for NoRoom {
    fn drop(&mut self) {
        // SAFETY: it is the limit that was in force before.
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const self.0) };
    }
}

/// There is only one test in this target, because the limit holds for the
/// process.
#[test]
fn a_home_that_cannot_start_is_an_error_and_starts_later() {
    if env::var(STACK_VARIABLE).ok() != Some(STACK.to_string()) {
        let status = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "a_home_that_cannot_start_is_an_error_and_starts_later",
            ])
            .env(STACK_VARIABLE, STACK.to_string())
            .status();
        assert!(status.unwrap().success());
        return;
    }
    within(|| {
        let no_room = NoRoom::new();
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let (outcome, line) = (bridge.try_wait(async { 1 }), line!());
        drop(no_room);
        let error = outcome.unwrap_err();
        assert!(matches!(error, WaitError::NoRuntime { .. }), "{error}");
        assert_eq!((error.at().file(), error.at().line()), (file!(), line));
        assert_eq!(bridge.wait(async { 2 }), 2);
    });
}
