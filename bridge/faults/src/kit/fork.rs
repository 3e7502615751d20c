//! Forks of this process.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `child` in a fork, and returns whether it returned true in ten seconds.
pub(crate) fn in_fork(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs only what the program is about, and leaves by
    // `_exit`.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        // SAFETY: `alarm` sets a timer whose signal ends this process.
        unsafe { libc::alarm(10) };
        let kept = catch_unwind(AssertUnwindSafe(child)).unwrap_or(false);
        // SAFETY: `_exit` ends the child at once.
        unsafe { libc::_exit(i32::from(!kept)) }
    }
    ended_well(pid)
}

/// Forks, and returns the child's process id; zero in the child, which must end
/// within ten seconds.
pub(crate) fn fork() -> i32 {
    // SAFETY: the child goes on with the program, which is what is checked.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        // SAFETY: `alarm` sets a timer whose signal ends this process.
        unsafe { libc::alarm(10) };
    }
    pid
}

/// Waits for the end of a child, and returns whether its exit code was zero.
pub(crate) fn ended_well(pid: i32) -> bool {
    let mut status = 0;
    // SAFETY: `status` is a valid place for the child's status.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    waited == pid && status == 0
}
