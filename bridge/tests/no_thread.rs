//! Checks a wait that needs home while the system can start no thread.
//!
//! The wait returns an error, and a later wait works when threads can be
//! started. So home starts with the first wait, not with its bridge. A shutdown ends home
//! even if no thread can wait for the end. A time limit counts as reached if no thread can
//! drive its clock.
#![cfg(target_os = "linux")]

use std::{
    env, io, iter,
    process::Command,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use bridge::{Bridge, Pool, Rejected, WaitError, smartasync};
use testkit::within;

/// The stack size of a thread. It is so large that a limit on the address space
/// stops new threads and nothing else.
const STACK: u64 = 1 << 31;

/// The variable that sets the default stack size. A process reads it once, so
/// this test runs in a child process.
const STACK_VARIABLE: &str = "RUST_MIN_STACK";

/// Leaves no room for the stack of another thread, until it is dropped.
struct NoRoom(libc::rlimit);

impl NoRoom {
    /// Leaves no room for a stack of `size` bytes.
    fn for_stack(size: u64) -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
        let mut before = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: `before` is a valid place for the limit.
        let got = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut before) };
        let limit = libc::rlimit {
            rlim_cur: pages * 4096 + size / 2,
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

#[smartasync]
fn smart() {}

/// There is only one test in this target, because the limit holds for the
/// process.
#[test]
fn a_home_that_cannot_start_is_an_error_and_starts_later() {
    if env::var(STACK_VARIABLE).ok() != Some(STACK.to_string()) {
        // Not inherited: this test's output must show one test.
        let child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "a_home_that_cannot_start_is_an_error_and_starts_later",
            ])
            .env(STACK_VARIABLE, STACK.to_string())
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        // A child that finds no test of this name ends well too.
        let has_run = output.contains("test result: ok. 1 passed");
        assert!(child.status.success() && has_run, "{child:?}");
        return;
    }
    within(|| {
        let no_room = NoRoom::for_stack(STACK);
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let (outcome, line) = (bridge.try_wait(async { 1 }), line!());
        drop(no_room);
        let error = outcome.unwrap_err();
        assert!(matches!(error, WaitError::NoRuntime { .. }), "{error}");
        assert_eq!((error.at().file(), error.at().line()), (file!(), line));
        assert_eq!(bridge.wait(async { 2 }), 2);
        // The thread that would wait for the end of home has a stack of 2 MiB.
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let (runtime, no_room) = (runtime.unwrap(), NoRoom::for_stack(2 << 20));
        let report = runtime.block_on(bridge.shutdown(Duration::from_secs(20)));
        drop(no_room);
        assert!(report.running.is_empty());
        let error = bridge.try_wait(async { 3 }).unwrap_err();
        assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
        a_pool_without_a_thread_has_the_kind_of_the_system();
        a_limit_whose_clock_gets_no_thread_has_passed();
    });
}

/// Otherwise a program that tries again later gives up instead.
fn a_pool_without_a_thread_has_the_kind_of_the_system() {
    let bridge = Bridge::builder().worker_threads(1).build().unwrap();
    let _home = bridge.handle().unwrap();
    let no_room = NoRoom::for_stack(2 << 20);
    let refused = thread::Builder::new().stack_size(2 << 20).spawn(|| ());
    let kind = refused.unwrap_err().kind();
    let error = smart().on(&bridge).wait_timeout(Duration::from_secs(20));
    drop(no_room);
    let error = error.unwrap_err();
    assert!(matches!(error, WaitError::OffloadFailed { .. }), "{error}");
    assert_eq!(io::Error::from(error).kind(), kind);
}

/// Otherwise the limit panics with a text of Tokio, because a runtime is dropped in a poll.
fn a_limit_whose_clock_gets_no_thread_has_passed() {
    let pool = Pool::builder().max_threads(1).queue_capacity(1);
    let pool = pool.build().unwrap();
    let (release, held) = mpsc::channel::<()>();
    let plug = pool.try_run(move || held.recv().is_err()).unwrap();
    while pool.metrics().running == 0 {
        thread::yield_now();
    }
    let queued = pool.try_run(|| true).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let (runtime, no_room) = (runtime.unwrap(), NoRoom::for_stack(2 << 20));
    // The system may still have the stacks of threads that have ended. These threads take them.
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let others: Vec<_> = iter::from_fn(|| {
        let gate = Arc::clone(&gate);
        let waits = move || drop(gate.lock());
        thread::Builder::new().spawn(waits).ok()
    })
    .collect();
    let outcome = runtime.block_on(pool.run_timeout(|| (), Duration::from_secs(20)));
    drop(no_room);
    assert!(matches!(outcome, Err(Rejected::TimedOut { .. })));
    drop(closed);
    for other in others {
        other.join().unwrap();
    }
    drop(release);
    assert!(runtime.block_on(plug) && runtime.block_on(queued));
}
