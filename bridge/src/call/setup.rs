//! The parts of a call that come from the attribute's options: the bridge and the log.
//!
//! A [`Setup`] is a type parameter of every call. A call without options holds
//! [`Global`], which has no size and whose hooks are empty, so the call pays
//! nothing. The macro chooses the setup; `on` replaces the bridge in it.

use std::{borrow::Borrow, fmt};

use super::record::{Access, Record, SharedRecord};
use crate::{Bridge, route::Route};

/// Hooks around the run of a call.
pub trait Hooks {
    /// The call starts by this route. Later starts of the same call are ignored.
    #[inline]
    fn begin(&mut self, route: Route) {
        let _ = route;
    }
    /// The function has a result, or only a panic keeps it from one.
    #[inline]
    fn end(&mut self) {}
}

/// Hears nothing.
impl Hooks for () {}

/// Where a call runs, and who hears of it.
///
/// A smart method that a trait declares returns a call with an unnamed setup.
pub trait Setup: Hooks + Send + Sync + Unpin + 'static {
    /// This setup with a bridge in it.
    type On: Setup<On = Self::On>;
    /// The hooks that go with the function to the pool.
    type Log: Hooks + Send + 'static;

    /// The bridge. `bridge = EXPR` is evaluated here: at the wait or the first
    /// poll.
    fn bridge(&self) -> impl Borrow<Bridge>;
    /// Replaces the bridge.
    fn on(self, bridge: &Bridge) -> Self::On;
    /// Takes the log out and into a job that outlives the call.
    fn take_log(&mut self) -> Self::Log;
}

/// No options: the process's bridge, no log.
#[derive(Clone, Copy, Debug)]
pub struct Global;

impl Hooks for Global {}

impl Setup for Global {
    type On = Given;
    type Log = ();

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

    fn on(self, bridge: &Bridge) -> Given {
        Given(bridge.clone())
    }

    #[inline]
    fn take_log(&mut self) {}
}

/// `bridge = EXPR`, as a function that evaluates it.
#[derive(Clone, Copy, Debug)]
pub struct Via(pub fn() -> Bridge);

impl Hooks for Via {}

impl Setup for Via {
    type On = Given;
    type Log = ();

    fn bridge(&self) -> impl Borrow<Bridge> {
        (self.0)()
    }

    fn on(self, bridge: &Bridge) -> Given {
        Given(bridge.clone())
    }

    #[inline]
    fn take_log(&mut self) {}
}

/// `.on(&bridge)`, or `bridge = self.field`: the bridge itself.
#[derive(Clone, Debug)]
pub struct Given(pub Bridge);

impl Hooks for Given {}

impl Setup for Given {
    type On = Self;
    type Log = ();

    fn bridge(&self) -> impl Borrow<Bridge> {
        struct Held<'a>(&'a Bridge);
        impl Borrow<Bridge> for Held<'_> {
            fn borrow(&self) -> &Bridge {
                self.0
            }
        }
        Held(&self.0)
    }

    fn on(self, bridge: &Bridge) -> Self {
        Self(bridge.clone())
    }

    #[inline]
    fn take_log(&mut self) {}
}

/// `debug`: another setup, and a record of the call.
pub struct Traced<S> {
    setup: S,
    record: Access,
}

impl<S> Traced<S> {
    /// Records calls of the function `name`. The record's caller is the line
    /// that calls this.
    #[track_caller]
    pub fn new(setup: S, name: &'static str) -> Self {
        Self {
            setup,
            record: Access::Own(Record::new(name)),
        }
    }
}

impl<S> Hooks for Traced<S> {
    fn begin(&mut self, route: Route) {
        self.record.begin(route);
    }

    fn end(&mut self) {
        self.record.end();
    }
}

impl<S: Setup> Setup for Traced<S> {
    type On = Traced<S::On>;
    type Log = Option<SharedRecord>;

    fn bridge(&self) -> impl Borrow<Bridge> {
        self.setup.bridge()
    }

    fn on(self, bridge: &Bridge) -> Self::On {
        Traced {
            setup: self.setup.on(bridge),
            record: self.record,
        }
    }

    fn take_log(&mut self) -> Option<SharedRecord> {
        self.record.lend()
    }
}

impl<S> fmt::Debug for Traced<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
