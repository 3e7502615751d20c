//! Where a wait begins: it takes what is awaited, and pins the future of it.
//!
//! [`start!`] is the first thing that each public way in does. It boxes what is
//! large, so that the frames from here to the poll hold no copy of it.

use std::{
    any::type_name,
    pin::pin,
    time::{Duration, Instant},
};

use detect::Place;
use offload_pool::own_future;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::{drive::Held, enter::Request, forked, frozen, large::Large};
use crate::{Bridge, WaitError, entered::Entered, log};

/// What a caller asks of a wait beside the value.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(super) limit: Option<Duration>,
    /// Whether it may park where that freezes the executor of this thread.
    pub(super) may_freeze: bool,
}

impl Terms {
    pub(crate) const NONE: Self = Self {
        limit: None,
        may_freeze: false,
    };
    pub(crate) const FROZEN: Self = Self {
        may_freeze: true,
        ..Self::NONE
    };

    pub(crate) fn within(limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..Self::NONE
        }
    }

    pub(crate) fn frozen_within(limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..Self::FROZEN
        }
    }
}

/// Waits for the value `$value` of type `$type`, boxed first if it is large.
///
/// A macro, because each function that passes the value on keeps a copy of it.
macro_rules! start {
    ($type:ty, $bridge:expr, $value:expr, $terms:expr) => {
        if $crate::wait::large::Large::<$type>::IS {
            $crate::wait::run_boxed($bridge, Box::new($value), $terms)
        } else {
            $crate::wait::run_value($bridge, $value, $terms)
        }
    };
}
pub(crate) use start;

/// Waits for what a large value converts into.
#[track_caller]
pub(crate) fn run_boxed<F: IntoFuture>(
    bridge: &Bridge,
    value: Box<F>,
    terms: Terms,
) -> Result<F::Output, WaitError> {
    let request = Request::new(bridge, terms, type_name::<F>());
    let future = {
        let _inside = enter_for::<F>(&request)?;
        own_future::boxed(value)
    };
    run_held(&request, pin!(Some(future)))
}

/// Waits for what a small value converts into, which may be large.
#[inline]
#[track_caller]
pub(crate) fn run_value<F: IntoFuture>(
    bridge: &Bridge,
    value: F,
    terms: Terms,
) -> Result<F::Output, WaitError> {
    let request = Request::new(bridge, terms, type_name::<F>());
    let inside = enter_for::<F>(&request)?;
    if Large::<F::IntoFuture>::IS {
        let future = Box::pin(value.into_future());
        drop(inside);
        return run_held(&request, pin!(Some(future)));
    }
    let held = pin!(Some(value.into_future()));
    drop(inside);
    run_held(&request, held)
}

/// Waits for `future` for at most `limit`.
#[inline]
#[track_caller]
pub(crate) fn run<F: Future>(
    bridge: &Bridge,
    future: F,
    limit: Option<Duration>,
) -> Result<F::Output, WaitError> {
    run_as(bridge, type_name::<F>(), future, limit)
}

/// [`run`] under a name that says more than the future's type.
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
    run_held(&Request::new(bridge, terms, name), pin!(Some(future)))
}

#[inline]
fn run_held<F: Future>(request: &Request<'_>, held: Held<'_, F>) -> Result<F::Output, WaitError> {
    if request.is_frozen {
        return run_frozen(request, held);
    }
    if request.bridge.is_debug() {
        return run_logged(request, held);
    }
    request.run(held)
}

/// Apart, so that an ordinary wait pays nothing for the note.
#[cold]
fn run_frozen<F: Future>(request: &Request<'_>, held: Held<'_, F>) -> Result<F::Output, WaitError> {
    let _noted = frozen::note();
    if request.bridge.is_debug() {
        return run_logged(request, held);
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

/// Enters the runtime that a builder converts in. A future needs none, since it is
/// not converted.
#[inline]
fn enter_for<'a, F: IntoFuture>(request: &Request<'a>) -> Result<Option<Entered<'a>>, WaitError> {
    if own_future::is::<F>() {
        return Ok(None);
    }
    enter_for_builder(request)
}

/// Enters home, unless a runtime is reachable that the wait rests on.
#[cold]
fn enter_for_builder<'a>(request: &Request<'a>) -> Result<Option<Entered<'a>>, WaitError> {
    let is_inside = Handle::try_current().is_ok_and(|here| {
        here.runtime_flavor() == RuntimeFlavor::MultiThread && !forked::is_noted(&here)
    });
    if is_inside {
        return Ok(None);
    }
    Entered::home_of(request.bridge, request.at).map(Some)
}
