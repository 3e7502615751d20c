//! The Tokio runtimes inside which futures are polled: home, their ends, and forks.
//!
//! * [`home`] is the runtime of a bridge itself; [`home_threads`] makes the exit of
//!   the process wait for home's blocking tasks.
//! * [`end`] tells waits that their runtime has ended.
//! * [`hand_overs`] counts a runtime's workers that are blocked in waits.
//! * [`forked`] knows the runtimes whose threads stayed in a parent process.
//! * [`clock`] is a runtime of the process, which drives the timers of time limits.
//!   `held_clock` holds the paused clock of a test's runtime.

pub(crate) mod clock;
pub(crate) mod end;
pub(crate) mod forked;
pub(crate) mod hand_overs;
#[cfg(feature = "test-util")]
pub(crate) mod held_clock;
pub(crate) mod home;
pub(crate) mod home_threads;

use tokio::runtime::{Handle, RuntimeFlavor};

/// Returns whether this is a multi-thread runtime with threads in this process. Those
/// threads run its tasks and timers while this thread is parked.
#[inline]
pub(crate) fn drives_itself(runtime: &Handle) -> bool {
    is_multi_thread(runtime) && !forked::is_left_behind(runtime)
}

#[inline]
pub(crate) fn is_multi_thread(runtime: &Handle) -> bool {
    runtime.runtime_flavor() == RuntimeFlavor::MultiThread
}
