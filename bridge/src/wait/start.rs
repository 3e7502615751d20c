//! Where a wait begins: it takes an awaitable value, pins its future, and looks where its
//! thread stands.
//!
//! The public functions that take such a value first use [`start!`]. The macro boxes a
//! large value, so that the frames from here to the poll hold no copy of the value. A
//! smart call is a future already, and begins with [`run_as`].
//!
//! A plain thread enters the home runtime, and its wait is the loop of [`block_on`]. Any
//! other thread needs a plan: see [`planned`].

use std::{
    any::type_name,
    fmt::Display,
    pin::pin,
    time::{Duration, Instant},
};

use detect::{Place, RuntimeLookup};
use offload_pool::{large::Large, own_future};
use tokio::runtime::Handle;

use super::{
    block_on::{PinnedSlot, block_on},
    freeze,
    planned::planned,
    request::{Request, Terms, WaitContext},
};
use crate::{Bridge, Entered, WaitError, log, runtime::drives_itself};

/// Waits for the value `$value` of type `$type`, boxed first if it is large.
///
/// This is a macro, because each function that passes the value on keeps a copy of it.
macro_rules! start {
    ($type:ty, $bridge:expr, $value:expr, $terms:expr) => {
        if ::offload_pool::large::Large::<$type>::IS {
            $crate::wait::start::run_boxed($bridge, Box::new($value), $terms)
        } else {
            $crate::wait::start::run_value($bridge, $value, $terms)
        }
    };
}
pub(super) use start;

/// Waits for the future of a large value, which is boxed.
#[track_caller]
pub(super) fn run_boxed<F: IntoFuture>(
    bridge: &Bridge,
    value: Box<F>,
    terms: Terms,
) -> Result<F::Output, WaitError> {
    let request = Request::new::<F::IntoFuture>(bridge, terms, type_name::<F>());
    let future = {
        let _inside = enter_for::<F>(&request)?;
        own_future::boxed(value)
    };
    run_pinned(&request, pin!(Some(future)))
}

/// Waits for the future of a small value. That future may be large.
#[inline]
#[track_caller]
pub(super) fn run_value<F: IntoFuture>(
    bridge: &Bridge,
    value: F,
    terms: Terms,
) -> Result<F::Output, WaitError> {
    let request = Request::new::<F::IntoFuture>(bridge, terms, type_name::<F>());
    let inside = enter_for::<F>(&request)?;
    if Large::<F::IntoFuture>::IS {
        let future = Box::pin(value.into_future());
        drop(inside);
        return run_pinned(&request, pin!(Some(future)));
    }
    // This frame owns the future, and the loop of the wait drops it in place.
    let slot = pin!(Some(value.into_future()));
    drop(inside);
    run_pinned(&request, slot)
}

/// Waits for `future` for at most `limit`. Messages call it by `name`, which tells more than its
/// type.
#[inline]
#[track_caller]
pub(crate) fn run_as<F: Future>(
    bridge: &Bridge,
    name: &'static str,
    future: F,
    limit: Option<Duration>,
) -> Result<F::Output, WaitError> {
    let terms = Terms {
        limit,
        ..Terms::NONE
    };
    run_pinned(&Request::new::<F>(bridge, terms, name), pin!(Some(future)))
}

#[inline]
fn run_pinned<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    if request.is_frozen {
        return run_frozen(request, slot);
    }
    if request.bridge.is_debug() {
        return run_logged(request, slot);
    }
    run_here(request, slot)
}

/// Runs a wait that may freeze the executor of this thread.
///
/// This is a separate function, so that an ordinary wait pays nothing for the guard.
#[cold]
fn run_frozen<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    let _allowed = freeze::allow_in_hidden_set();
    if request.bridge.is_debug() {
        return run_logged(request, slot);
    }
    run_here(request, slot)
}

#[cold]
fn run_logged<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    let mut log = WaitLog {
        request,
        start: Instant::now(),
        place: Place::current(),
        panics: true,
    };
    let result = run_here(request, slot);
    log.panics = false;
    log.write(result.as_ref().err().map(|error| error as &dyn Display));
    result
}

/// Logs a wait. If the future panics, the destructor does.
struct WaitLog<'a> {
    request: &'a Request<'a>,
    start: Instant,
    place: Place,
    panics: bool,
}

impl WaitLog<'_> {
    fn write(&self, error: Option<&dyn Display>) {
        log::outermost(|| {
            tracing::debug!(
                future = self.request.future,
                at = %self.request.at,
                place = ?self.place,
                elapsed = ?self.start.elapsed(),
                error = error.map(tracing::field::display),
                "wait"
            );
        });
    }
}

impl Drop for WaitLog<'_> {
    fn drop(&mut self) {
        if self.panics {
            self.write(Some(&"a panic ended the wait"));
        }
    }
}

/// Runs the future in `slot` to its end on this thread.
///
/// # Errors
///
/// Returns why this thread must not wait, or why the wait ended before the future was
/// ready.
#[inline]
fn run_here<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    match RuntimeLookup::current() {
        // A plain thread, as the head of `wait` defines it.
        RuntimeLookup::Nothing(Place::Thread) => on_plain_thread(request, slot),
        lookup => planned(request, lookup, slot),
    }
}

/// Fast path: a plain thread needs no plan. This saves a tenth of the instructions of
/// a wait for a ready future.
#[inline]
fn on_plain_thread<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    // This starts home if it has not started. A given runtime may have ended. Then the
    // watchdog ends the wait.
    let home = request.bridge.home(request.at)?;
    let _entered = home.enter();
    block_on(&WaitContext::new(request, home), slot)
}

/// Enters the runtime in which a builder converts into its future. A future needs
/// none, because it is not converted.
#[inline]
fn enter_for<'a, F: IntoFuture>(request: &Request<'a>) -> Result<Option<Entered<'a>>, WaitError> {
    if own_future::is::<F>() {
        return Ok(None);
    }
    enter_for_builder(request)
}

/// Enters home, unless a multi-thread runtime is reachable that has its threads in this
/// process.
#[cold]
fn enter_for_builder<'a>(request: &Request<'a>) -> Result<Option<Entered<'a>>, WaitError> {
    if Handle::try_current().is_ok_and(|here| drives_itself(&here)) {
        return Ok(None);
    }
    Entered::home_of(request.bridge, request.at).map(Some)
}
