//! Sync to async: runs a future to completion from sync code.
//!
//! A wait that has to park on a plain thread passes these files, in this order. A path
//! without a link is a file of the pool, in `offload/src/`, or of `detect/src/`.
//!
//! 1. Here [`Wait::wait`] names the [global bridge](crate::bridge).
//! 2. [`start`] takes the value and pins its future. [`request`] holds what the caller
//!    asks for.
//! 3. [`run`] asks `place.rs` where the thread stands. It enters the home runtime of the
//!    bridge, which [`home`](crate::runtime::home) has started, or starts now.
//!    [`context`] holds what the loop needs.
//! 4. [`block_on`] leases a parker from [`parker`]. It opens the wait with
//!    `waiting/mod.rs`, which does nothing on a plain thread: it is there for the threads
//!    of a pool. Then it polls the future for the first time, and marks the poll by `tag.rs`.
//! 5. The future is pending, so the loop of [`block_on`] begins. It pauses and polls in
//!    turn. Each pause takes the steps 6 to 8.
//! 6. [`watchdog`] checks the deadline, and that this process is no fork's child. The
//!    parker spins, unless `thread/spinning.rs` says that spins do not pay or
//!    `platform/load.rs` that the machine is busy. A wake-up ends the pause.
//! 7. Before a park, the watchdog registers the thread with [`end`](crate::runtime::end),
//!    which wakes it when the runtime ends. Its `liveness` finds the ends that the
//!    registration cannot tell, so it limits each park. Its `stall` warns if the wait seems
//!    stuck. `observe/outside.rs` lists the wait in reports.
//! 8. `waiting/mod.rs` parks the thread by `thread/park.rs`. The watchdog decides by
//!    the end of the park whether the wait goes on.
//!
//! A *plain* thread has no reachable runtime, no tag of the bridge and no poll that can
//! be detected. A thread that runs a job of a pool has a tag, so it is never plain. On any other thread, [`plan`] first decides how the wait runs, by the
//! [`facts`] about the thread:
//!
//! * [`hand_over`] gives a worker's other tasks to another thread before the wait
//!   parks the worker.
//! * [`block_on_root`] and [`block_on_frozen`] poll the future inside another poll.
//! * [`freeze`] remembers that a wait may freeze the executor of its thread.
//!
//! [`panicked`] turns a panic of the future into an error if the runtime's end caused
//! it. The public functions are here, in [`frozen`] and in [`instance`].

mod block_on;
mod block_on_frozen;
mod block_on_root;
mod context;
mod facts;
mod freeze;
mod frozen;
mod hand_over;
mod instance;
mod panicked;
mod parker;
mod plan;
mod request;
mod run;
mod start;
mod watchdog;

use std::time::Duration;

pub(crate) use self::{
    request::Terms,
    start::{run, run_as, run_boxed, run_value, start},
};
use crate::{Bridge, WaitError, error::unwrap};

pub use self::frozen::{try_wait_frozen, wait_frozen, wait_frozen_timeout};

/// Waits for `future` on this thread, with [`Bridge::global`].
///
/// It takes anything that can be awaited: a future, or a builder that converts into
/// one. See [`Wait`] for where the conversion runs.
///
/// # Panics
///
/// Panics with the text of a [`WaitError`] where [`try_wait`] returns that error.
///
/// # Examples
///
/// ```
/// let page = bridge::wait(async { "page" });
/// assert_eq!(page, "page");
/// ```
#[track_caller]
pub fn wait<F: IntoFuture>(future: F) -> F::Output {
    unwrap(start!(F, Bridge::global(), future, Terms::NONE))
}

/// Waits for `future` on this thread, or says why that can't be.
///
/// # Errors
///
/// [`WaitError`] lists the reasons.
///
/// # Examples
///
/// ```
/// use bridge::WaitError;
///
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// // This thread is all that the runtime has: it must not be parked.
/// let outcome = runtime.block_on(async { bridge::try_wait(async { 1 }) });
/// assert!(matches!(outcome, Err(WaitError::WouldFreeze { .. })));
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn try_wait<F: IntoFuture>(future: F) -> Result<F::Output, WaitError> {
    start!(F, Bridge::global(), future, Terms::NONE)
}

/// `.wait()` on anything that can be awaited.
///
/// ```
/// use bridge::Wait;
///
/// assert_eq!(async { 7 }.wait(), 7);
/// ```
///
/// Smart calls need no import, and generic code over them imports
/// [`Call`](crate::Call) instead. Where both traits are imported, `.wait()` on
/// an `impl Call` that a function returned, or on an associated type bounded by
/// `Call`, is ambiguous (E0034): write `Call::wait(x)` there.
///
/// # Builders
///
/// Many clients return builders, which are awaited as they are: they implement
/// [`IntoFuture`]. The wait takes such a builder as `.await` does.
///
/// ```
/// use std::{future::{IntoFuture, Ready, ready}};
///
/// use bridge::Wait;
///
/// struct Query {
///     limit: usize,
/// }
///
/// impl IntoFuture for Query {
///     type Output = Vec<usize>;
///     type IntoFuture = Ready<Vec<usize>>;
///
///     fn into_future(self) -> Self::IntoFuture {
///         ready((0..self.limit).collect())
///     }
/// }
///
/// assert_eq!(Query { limit: 2 }.wait(), [0, 1]);
/// ```
///
/// `into_future` runs first, on this thread. If a multi-thread runtime is reachable
/// here, `into_future` runs inside that runtime, and otherwise inside the bridge's home
/// runtime. So it may make timers and sockets and spawn tasks. It runs even if the wait
/// is then refused.
pub trait Wait: IntoFuture + Sized {
    /// Waits for this future on this thread. See [`wait`](wait()).
    ///
    /// # Panics
    ///
    /// Panics with the text of a [`WaitError`]. While the process exits, a wait whose runtime
    /// has ended stops this thread for good instead.
    #[track_caller]
    fn wait(self) -> Self::Output {
        unwrap(start!(Self, Bridge::global(), self, Terms::NONE))
    }

    /// Waits for this future on this thread, or says why that can't be.
    ///
    /// # Errors
    ///
    /// [`WaitError`] lists the reasons.
    #[track_caller]
    fn try_wait(self) -> Result<Self::Output, WaitError> {
        start!(Self, Bridge::global(), self, Terms::NONE)
    }

    /// Waits for this future on this thread for at most `limit`, then drops it.
    ///
    /// The limit does not bound code that blocks inside the future, such as an inner wait.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], and the reasons of [`try_wait`].
    #[track_caller]
    fn wait_timeout(self, limit: Duration) -> Result<Self::Output, WaitError> {
        start!(Self, Bridge::global(), self, Terms::within(limit))
    }
}

impl<F: IntoFuture> Wait for F {}
