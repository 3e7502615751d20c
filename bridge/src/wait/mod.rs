//! Sync to async: running a future to completion from sync code.
//!
//! In the order of a wait: [`route`] decides by where the thread stands, with
//! [`foreign`] to see through guards; [`hand_over`] frees a worker of its other
//! tasks; [`drive`] polls and parks. What it needs of its thread is in
//! [`parkers`]. [`sentinel`] tells when the runtime under it goes, [`forked`]
//! when that stayed in the parent of this process.

mod drive;
mod foreign;
pub(crate) mod forked;
mod hand_over;
mod parkers;
mod per_process;
mod route;
mod sentinel;

use std::{
    any::type_name,
    panic::Location,
    time::{Duration, Instant},
};

use detect::Place;
use tokio::runtime::{Handle, RuntimeFlavor};

use self::{
    drive::Drive,
    route::{Route, Runtimes},
};
use crate::{Bridge, WaitError};

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
    Bridge::global().wait(future)
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
    Bridge::global().try_wait(future)
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
        wait(self)
    }

    /// Waits for this future on this thread, or says why that can't be.
    ///
    /// # Errors
    ///
    /// [`WaitError`] lists the reasons.
    #[track_caller]
    fn try_wait(self) -> Result<Self::Output, WaitError> {
        try_wait(self)
    }

    /// Waits for this future on this thread for at most `limit`, then drops
    /// it.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], and the reasons of [`try_wait`].
    #[track_caller]
    fn wait_timeout(self, limit: Duration) -> Result<Self::Output, WaitError> {
        Bridge::global().wait_timeout(self, limit)
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
    let at = Location::caller();
    if bridge.is_debug() {
        return run_logged(bridge, future, limit, at);
    }
    run_at(bridge, future, limit, at)
}

fn run_at<F: Future>(
    bridge: &Bridge,
    future: F,
    limit: Option<Duration>,
    at: &'static Location<'static>,
) -> Result<F::Output, WaitError> {
    // A limit beyond what the clock can tell is none.
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let drive = Drive {
        deadline,
        spin: bridge.spin(),
        suspect: None,
        at,
    };
    let freeze = || WaitError::WouldFreeze {
        future: type_name::<F>(),
        at,
    };
    match route::route(Place::current(), bridge) {
        Route::Home => {
            let _entered = bridge.home(at)?.enter();
            drive.run(future)
        }
        Route::Here => drive.run(future),
        Route::HereSuspect => Drive {
            suspect: Some(type_name::<F>()),
            ..drive
        }
        .run(future),
        Route::HandOver => {
            // To the runtime that drives this worker, where it is known: what
            // is reachable may be another's, by a guard.
            let driver = bridge
                .cache()
                .with_driver(|driver: Option<&Handle>| driver.cloned());
            let _entered = driver.as_ref().map(Handle::enter);
            hand_over::hand_over(bridge.max_nested_waits(), at, || drive.run(future))
                .unwrap_or_else(|| Err(freeze()))
        }
        // The worker of a runtime whose other threads are in another process.
        Route::Freeze if is_left_behind() => Err(WaitError::Forked { at }),
        Route::Freeze => Err(freeze()),
        Route::Ending => Err(WaitError::ThreadEnding { at }),
    }
}

impl Runtimes for Bridge {
    fn multi_thread_here(&self) -> bool {
        Handle::try_current().is_ok_and(|here| is_multi_thread(&here) && !forked::is_noted(&here))
    }

    fn multi_thread_driver(&self) -> Option<bool> {
        self.cache()
            .with_driver(|driver| driver.map(is_multi_thread))
    }

    fn foreign_here(&self, index: usize) -> bool {
        Handle::try_current().is_ok_and(|here| foreign::is_proven(&here, index))
    }
}

/// Whether the runtime that is reachable here stayed in this process's parent.
fn is_left_behind() -> bool {
    Handle::try_current().is_ok_and(|here| forked::is_noted(&here))
}

fn is_multi_thread(runtime: &Handle) -> bool {
    runtime.runtime_flavor() == RuntimeFlavor::MultiThread
}

#[cold]
fn run_logged<F: Future>(
    bridge: &Bridge,
    future: F,
    limit: Option<Duration>,
    at: &'static Location<'static>,
) -> Result<F::Output, WaitError> {
    let (start, place) = (Instant::now(), Place::current());
    let result = run_at(bridge, future, limit, at);
    tracing::debug!(
        future = type_name::<F>(),
        %at,
        ?place,
        elapsed = ?start.elapsed(),
        error = result.as_ref().err().map(tracing::field::display),
        "wait"
    );
    result
}
