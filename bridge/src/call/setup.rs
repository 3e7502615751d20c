//! What an attribute's options put into a call: the bridge and the log.
//!
//! A [`Setup`] is a type parameter of every call, so that a call without
//! options carries nothing ([`Global`] has no size) and pays nothing (its hooks
//! are empty). The macro alone picks them.

use std::{borrow::Borrow, fmt, panic::Location, thread, time::Instant};

use crate::{Bridge, log, route::Route};

/// Where a call runs, and who hears of it.
///
/// In a trait, all that is known of a call's options is that they are one.
pub trait Setup: Send + Sync + Unpin + 'static {
    /// The bridge, evaluated now: at the wait or the first poll.
    fn bridge(&self) -> impl Borrow<Bridge>;
    /// The call starts by this route. Later starts of the same call are none.
    #[inline]
    fn begin(&mut self, route: Route) {
        let _ = route;
    }
    /// Nothing but a panic keeps the call from its result any more.
    #[inline]
    fn end(&mut self) {}
}

/// No options: the process's bridge, no log.
#[derive(Clone, Copy, Debug)]
pub struct Global;

impl Setup for Global {
    #[inline]
    fn bridge(&self) -> impl Borrow<Bridge> {
        struct Shared(&'static Bridge);
        impl Borrow<Bridge> for Shared {
            fn borrow(&self) -> &Bridge {
                self.0
            }
        }
        Shared(Bridge::global())
    }
}

/// `bridge = EXPR`, as a function that evaluates it.
#[derive(Clone, Copy, Debug)]
pub struct Via(pub fn() -> Bridge);

impl Setup for Via {
    fn bridge(&self) -> impl Borrow<Bridge> {
        (self.0)()
    }
}

/// `debug`: logs when the call is over, however it ends, by being dropped then.
pub struct Traced<S> {
    setup: S,
    name: &'static str,
    caller: &'static Location<'static>,
    started: Option<(Route, Instant)>,
    ended: bool,
}

impl<S> Traced<S> {
    /// `setup`, with the name of the function, called from the caller's line.
    #[track_caller]
    pub fn new(setup: S, name: &'static str) -> Self {
        Self {
            setup,
            name,
            caller: Location::caller(),
            started: None,
            ended: false,
        }
    }
}

impl<S: Setup> Setup for Traced<S> {
    fn bridge(&self) -> impl Borrow<Bridge> {
        self.setup.bridge()
    }

    fn begin(&mut self, route: Route) {
        self.started.get_or_insert_with(|| (route, Instant::now()));
    }

    fn end(&mut self) {
        self.ended = true;
    }
}

impl<S> Drop for Traced<S> {
    fn drop(&mut self) {
        let (name, caller) = (self.name, self.caller);
        let Some((route, start)) = self.started else {
            log::outermost(|| {
                tracing::debug!(target: "bridge", call = name, %caller, "call never ran");
            });
            return;
        };
        let elapsed = start.elapsed();
        let end = match (thread::panicking(), self.ended) {
            (true, _) => "call panicked",
            (false, true) => "call finished",
            (false, false) => "call abandoned",
        };
        log::outermost(|| {
            tracing::debug!(target: "bridge", call = name, ?route, ?elapsed, %caller, "{end}");
        });
    }
}

impl<S> fmt::Debug for Traced<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
