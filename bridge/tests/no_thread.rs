//! Threads that can't be started: a wait that needs home is told, and works when
//! the system has threads to give. So home starts with the first wait, not with
//! its bridge.
#![cfg(target_os = "linux")]

use std::{
    sync::mpsc::{Sender, channel},
    thread,
};

use bridge::{Bridge, WaitError};
use testkit::within;

/// While this lives, there is no room for the stack of a thread.
struct NoRoom {
    before: libc::rlimit,
    _kept: Vec<Sender<()>>,
}

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
            // Half of a stack, for everything else.
            rlim_cur: pages * 4096 + (1 << 20),
            ..before
        };
        // SAFETY: `limit` is a valid limit.
        let set = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        assert_eq!((got, set), (0, 0));
        Self {
            before,
            _kept: keep_threads(),
        }
    }
}

/// Starts threads until none starts, for stacks of threads that have ended are
/// used again. They end with the senders.
fn keep_threads() -> Vec<Sender<()>> {
    let mut kept = Vec::new();
    loop {
        let (end, ended) = channel();
        let started = thread::Builder::new().spawn(move || ended.recv());
        if started.is_err() {
            return kept;
        }
        kept.push(end);
        assert!(kept.len() < 1000, "the limit stops no thread");
    }
}

impl Drop for NoRoom {
    fn drop(&mut self) {
        // SAFETY: it is the limit that was in force before.
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const self.before) };
    }
}

/// One test, for the limit is the whole process's.
#[test]
fn a_home_that_cannot_start_is_an_error_and_starts_later() {
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
