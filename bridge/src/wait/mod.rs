//! Sync to async: running a future to completion from sync code.
//!
//! In the order of a wait: [`route`] decides by where the thread stands, and
//! inside which runtime it waits. [`worker`], [`foreign`] and [`local_task`] find
//! out what that rests on. [`step_out`] lets a root block, [`hand_over`] frees a
//! worker of its other tasks as well; [`drive`] polls and parks. What it needs of
//! its thread is in [`parkers`]. [`sentinel`] tells when the runtime under it
//! goes, [`doubt`] where that can't, [`forked`] when it stayed in the parent of
//! this process.

mod doubt;
mod drive;
mod foreign;
pub(crate) mod forked;
mod hand_over;
mod local_task;
mod parkers;
pub(crate) mod per_process;
mod route;
pub(crate) mod sentinel;
mod step_out;
mod worker;

use std::{
    any::type_name,
    panic::Location,
    time::{Duration, Instant},
};

use detect::Place;
use tokio::runtime::{Handle, RuntimeFlavor};

pub(crate) use self::step_out::step_out;
use self::{
    drive::Drive,
    route::{Driver, Route, Runtimes, Standing},
};
use crate::{Bridge, WaitError, log};

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
    /// it. What blocks inside it, an inner wait included, is not bounded.
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
    let drive = |inside, standing| Drive {
        inside,
        standing,
        deadline,
        spin: bridge.spin(),
        at,
    };
    let freeze = || WaitError::WouldFreeze {
        future: type_name::<F>(),
        at,
    };
    let place = Place::current();
    // As its route has it, of which this spares a plain thread all: a twelfth of
    // the instructions of a wait for what is ready.
    if place == Place::Thread {
        let home = bridge.home(at)?;
        let _entered = home.enter();
        return drive(home, Standing::Free).run(future);
    }
    match route::route(place, bridge) {
        Route::Inside(here, standing) => {
            let (inside, _entered) = if let Some(here) = &here {
                (here, None)
            } else {
                let home = bridge.home(at)?;
                (home, Some(home.enter()))
            };
            let _noted = local_task::note();
            let drive = drive(inside, standing);
            if matches!(standing, Standing::Local | Standing::Nested) {
                let run = || drive.run(future);
                return step_out::step_out_of_set(run).unwrap_or_else(|| Err(freeze()));
            }
            drive.run(future)
        }
        Route::HandOver(own) => {
            let _noted = local_task::note();
            let body = || {
                local_task::note_hand_over();
                drive(&own, Standing::Free).run(future)
            };
            hand_over::hand_over(&own, bridge.max_nested_waits(), at, body)
                .unwrap_or_else(|| Err(freeze()))
        }
        // The worker of a runtime whose other threads are in another process.
        Route::Freeze if is_left_behind() => Err(WaitError::Forked { at }),
        Route::Freeze => Err(freeze()),
        Route::Ending => Err(WaitError::ThreadEnding { at }),
    }
}

impl Runtimes for Bridge {
    type Runtime = Handle;

    fn here(&self) -> Option<Handle> {
        let here = Handle::try_current().ok();
        here.filter(|here| is_multi_thread(here) && !forked::is_noted(here))
    }

    fn driver(&self) -> Driver<Handle> {
        self.cache().with_driver(|driver| match driver {
            None => Driver::Unknown,
            Some(driver) if is_multi_thread(driver) => Driver::MultiThread(driver.clone()),
            Some(_) => Driver::CurrentThread,
        })
    }

    fn has_core(&self) -> bool {
        worker::has_core()
    }

    fn is_foreign(&self, runtime: &Handle, index: usize) -> bool {
        foreign::is_proven(runtime, index)
    }

    fn in_other_task(&self) -> bool {
        local_task::is_other()
    }

    fn in_local_task(&self) -> bool {
        local_task::is_local()
    }
}

/// Whether the runtime that is reachable here stayed in this process's parent.
/// A current-thread one has only the thread that it is driven by, which is here.
fn is_left_behind() -> bool {
    Handle::try_current().is_ok_and(|here| is_multi_thread(&here) && forked::is_noted(&here))
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
    log::outermost(|| {
        tracing::debug!(
            future = type_name::<F>(),
            %at,
            ?place,
            elapsed = ?start.elapsed(),
            error = result.as_ref().err().map(tracing::field::display),
            "wait"
        );
    });
    result
}
