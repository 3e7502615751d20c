//! Forks, for tests of what a child finds.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// A child that lives longer than this many seconds is ended. A line of forks under an
/// instrument, on a busy machine, takes half of them.
const LIMIT: u32 = 28;

/// Runs `child` in a fork, and returns whether it returned true in time.
pub fn in_fork(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child touches only what this test is about, and leaves by `_exit`, so
    // nothing of the test runner runs twice.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        // SAFETY: `alarm` sets a timer whose signal ends this process.
        unsafe { libc::alarm(LIMIT) };
        let ok = catch_unwind(AssertUnwindSafe(child)).unwrap_or(false);
        // SAFETY: this ends the child at once.
        unsafe { libc::_exit(i32::from(!ok)) }
    }
    ended_well(pid)
}

/// Forks inside a job or a report. The child returns to the pool, and an alarm limits its
/// time. Returns 0 there.
pub fn fork_and_return() -> i32 {
    // SAFETY: the child returns to the pool, because the tests are about that.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        // SAFETY: `alarm` sets a timer whose signal ends this process.
        unsafe { libc::alarm(LIMIT) };
    }
    pid
}

/// Ends a child that has returned from [`fork_and_return`].
pub fn end_child() -> ! {
    // SAFETY: this ends the child at once.
    unsafe { libc::_exit(0) }
}

/// Waits for the end of a child, and returns whether it ended as it should.
pub fn ended_well(pid: i32) -> bool {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the child's status.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    waited == pid && status == 0
}
