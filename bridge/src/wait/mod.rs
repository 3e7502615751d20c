//! Sync to async: running a future to completion from sync code.
//!
//! In the order of a wait: [`enter`] looks where the thread stands, [`route`]
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
mod hand_over;
mod local_task;
mod parkers;
mod pause;
pub(crate) mod per_process;
mod route;
pub(crate) mod sentinel;
mod step_out;
mod worker;

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use detect::Place;

pub(crate) use self::step_out::step_out;
use self::{drive::Held, enter::Request};
use crate::{Bridge, WaitError, call::unwrap, log};

/// Waits for `future` on this thread, by [`Bridge::global`].
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
pub fn wait<F: Future>(future: F) -> F::Output {
    unwrap(run(Bridge::global(), future, None))
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
pub fn try_wait<F: Future>(future: F) -> Result<F::Output, WaitError> {
    run(Bridge::global(), future, None)
}

/// `.wait()` for any future.
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
pub trait Wait: Future + Sized {
    /// Waits for this future on this thread. See [`wait`](wait()).
    ///
    /// # Panics
    ///
    /// With the text of a [`WaitError`].
    #[track_caller]
    fn wait(self) -> Self::Output {
        unwrap(run(Bridge::global(), self, None))
    }

    /// Waits for this future on this thread, or says why that can't be.
    ///
    /// # Errors
    ///
    /// [`WaitError`] lists the reasons.
    #[track_caller]
    fn try_wait(self) -> Result<Self::Output, WaitError> {
        run(Bridge::global(), self, None)
    }

    /// Waits for this future on this thread for at most `limit`, then drops
    /// it. What blocks inside it, an inner wait included, is not bounded.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], and the reasons of [`try_wait`].
    #[track_caller]
    fn wait_timeout(self, limit: Duration) -> Result<Self::Output, WaitError> {
        run(Bridge::global(), self, Some(limit))
    }
}

impl<F: Future> Wait for F {}

/// Waits for `future` for at most `limit`.
#[track_caller]
pub(crate) fn run<F: Future>(
    bridge: &Bridge,
    future: F,
    limit: Option<Duration>,
) -> Result<F::Output, WaitError> {
    let held = pin!(Some(future));
    let request = Request::new::<F>(bridge, limit);
    if bridge.is_debug() {
        return run_logged(&request, held);
    }
    request.run(held)
}

#[cold]
fn run_logged<F: Future>(request: &Request<'_>, held: Held<'_, F>) -> Result<F::Output, WaitError> {
    let (start, place) = (Instant::now(), Place::current());
    let result = request.run(held);
    log::outermost(|| {
        tracing::debug!(
            future = request.future,
            at = %request.at,
            ?place,
            elapsed = ?start.elapsed(),
            error = result.as_ref().err().map(tracing::field::display),
            "wait"
        );
    });
    result
}
