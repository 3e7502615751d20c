//! Sync to async: running a future to completion from sync code.
//!
//! In the order of a wait: [`start`] takes the future, [`enter`] looks where the
//! thread stands, [`route`]
//! decides by that inside which runtime it waits. [`worker`], [`foreign`] and
//! [`local_task`] find out what that rests on. [`step_out`] lets a root block,
//! [`hand_over`] frees a worker of its other tasks as well; [`drive`] polls, and
//! [`pause`] parks in between. What it needs of its thread is in [`parkers`].
//! [`sentinel`] tells when the runtime under it goes, [`doubt`] where that can't,
//! [`forked`] when it stayed in the parent of this process.

mod doubt;
mod drive;
mod enter;
mod foreign;
pub(crate) mod forked;
mod frozen;
mod hand_over;
mod instance;
mod local_task;
mod parkers;
mod pause;
pub(crate) mod per_process;
mod route;
pub(crate) mod sentinel;
mod start;
mod step_out;
mod worker;

use std::time::Duration;

pub(crate) use self::{
    start::{Terms, run, run_as, run_boxed, run_value, start},
    step_out::step_out,
};
use crate::{Bridge, WaitError, call::unwrap};

pub use self::frozen::{try_wait_frozen, wait_frozen, wait_frozen_timeout};

/// Waits for `future` on this thread, by [`Bridge::global`].
///
/// It takes whatever can be awaited: a future, or a builder that converts into
/// one. See [`Wait`] for where the conversion runs.
///
/// # Panics
///
/// With the text of a [`WaitError`], where this thread may not park. See
/// [`try_wait`].
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

/// `.wait()` for whatever can be awaited.
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
/// `into_future` runs first, on this thread. It runs inside the runtime that is
/// reachable here if that is a multi-thread one, and else inside the bridge's home
/// runtime, so it may make timers and sockets and spawn tasks. It runs even if the
/// wait is then refused.
pub trait Wait: IntoFuture + Sized {
    /// Waits for this future on this thread. See [`wait`](wait()).
    ///
    /// # Panics
    ///
    /// With the text of a [`WaitError`].
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

    /// Waits for this future on this thread for at most `limit`, then drops
    /// it. What blocks inside it, an inner wait included, is not bounded.
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
