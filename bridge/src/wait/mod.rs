//! Sync to async: runs a future to completion from sync code.
//!
//! A wait that has to park on a plain thread passes these files, in this order. Those from
//! `waiting/mod.rs` on belong to the pool, in `offload/src/`.
//!
//! 1. Here [`Wait::wait`] names the [global bridge](crate::bridge).
//! 2. [`start`](mod@start) takes the value and pins its future. It sees that the thread is
//!    plain, and enters the home runtime of the bridge.
//! 3. [`request`] holds what the wait knows about itself.
//! 4. [`block_on`] is the loop. It polls the future, and while the future is pending, it
//!    pauses and polls in turn.
//! 5. [`watchdog`] says before and after each pause whether the wait must end. It also says
//!    when a park has to end.
//! 6. [`parker`] belongs to the thread. A pause first spins for a wake-up on it.
//! 7. [`kept`] is what the parker keeps for the next wait of its thread: a registration for the
//!    end of the runtime, and a listing in reports. The listings are in `observe/outside.rs` of
//!    `offload/src/`.
//! 8. `waiting/mod.rs` parks the wait. Outside a pool this only parks the thread.
//! 9. `thread/park.rs` parks the thread until the future's waker is called.
//!
//! The path asks other files on its way: [`home`](crate::runtime::home) starts the home runtime,
//! [`end`](crate::runtime::end) wakes the waits of a runtime that ends, and `place.rs` of
//! `detect/` tells where a thread stands.
//!
//! # Checks of corner cases
//!
//! A *plain* thread has no reachable runtime, no tag of the bridge and no poll that can
//! be detected. While a thread runs the closure of a job it has a tag, so it is not plain
//! then. The wait of any other thread is [`planned`]: a pure function, [`plan`], chooses the way to wait by
//! the [`facts`] about the thread.
//!
//! * [`hand_over`] gives a worker's other tasks to another thread before the wait
//!   parks the worker.
//! * [`block_on::root`] and [`block_on::frozen`] poll the future inside another poll.
//! * [`freeze`] remembers that a wait freezes the executor of its thread, so that waits inside
//!   it may do so too.
//! * [`may_block`] asks Tokio before the first park whether blocking code may block.
//! * [`panicked`] turns a panic of the future into an error if the runtime's end caused it.
//!
//! The public functions are here, in [`frozen`] and in [`instance`].

mod block_on;
mod facts;
mod freeze;
mod frozen;
pub(crate) mod hand_over;
mod instance;
mod kept;
mod may_block;
mod panicked;
mod parker;
mod plan;
mod planned;
mod request;
mod start;
mod watchdog;

use std::time::Duration;

use self::{request::Terms, start::start};
use crate::{Bridge, WaitError, error::unwrap};

pub use self::frozen::{try_wait_frozen, wait_frozen, wait_frozen_timeout};
pub(crate) use self::start::run_as;

/// Waits for `future` on this thread, with [`Bridge::global`].
///
/// It takes anything that can be awaited: a future, or a builder that converts into
/// one. See [`Wait`] for where the conversion runs.
///
/// # Panics
///
/// Panics with the text of a [`WaitError`] where [`try_wait`] returns that error. While the
/// process exits, [the thread may stop
/// instead](crate::guide::limits#a-thread-stops-while-the-process-exits).
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
    /// has ended stops this thread instead, usually until the process has ended: see
    /// [limits](crate::guide::limits#a-thread-stops-while-the-process-exits).
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
