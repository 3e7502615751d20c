//! The parts of a call that come from the attribute's options: the bridge and the log.
//!
//! A [`Setup`] is a type parameter of every call. A call without options holds
//! [`Global`], which has no size and whose hooks are empty, so the call pays
//! nothing. The macro chooses the setup, and `on` replaces the bridge in it.

use std::{borrow::Borrow, fmt, panic::Location};

use super::{
    hooks::Hooks,
    record::{Access, Record, SharedRecord},
};
use crate::{Bridge, route::Route};

/// The bridge of a call, and the hooks around its run.
///
/// A smart method that a trait declares returns a call with an unnamed setup.
pub trait Setup: Hooks + Send + Sync + Unpin + 'static {
    /// This setup with another bridge.
    type On: Setup<On = Self::On>;
    /// The hooks that go with the function to the pool.
    type Log: Hooks + Send + 'static;

    /// Returns the bridge. This evaluates `bridge = EXPR`, at the wait or at the first
    /// poll.
    fn bridge(&self) -> impl Borrow<Bridge>;
    /// Replaces the bridge.
    fn on(self, bridge: &Bridge) -> Self::On;
    /// Returns the hooks for a job that this call awaits. Only the first job of a call gets any.
    fn share_log(&mut self) -> Self::Log;
    /// Leaves the log to the job, which may outlive the call.
    #[inline]
    fn leave_log(&mut self) {}
    /// Returns the hooks for a job that leaves the call at once.
    #[inline]
    fn take_log(&mut self) -> Self::Log {
        let log = self.share_log();
        self.leave_log();
        log
    }
    /// Changes the place that the log names as the caller's.
    fn place(&mut self, at: &'static Location<'static>) {
        let _ = at;
    }
}

/// The setup of a call without options: the global bridge, and no log.
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
    fn share_log(&mut self) {}
}

/// The setup for `bridge = EXPR`: a function that evaluates the expression.
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
    fn share_log(&mut self) {}
}

/// The setup for `.on(&bridge)` and for `bridge = self.field`: the bridge itself.
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
    fn share_log(&mut self) {}
}

/// The setup for `debug`: another setup, and a record of the call.
pub struct Traced<S> {
    setup: S,
    record: Access,
}

impl<S> Traced<S> {
    /// Returns a setup that records a call of the function `name`. The record names the
    /// line that calls this.
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

    fn panicked(&mut self) {
        self.record.panicked();
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

    fn share_log(&mut self) -> Option<SharedRecord> {
        self.record.share()
    }

    fn leave_log(&mut self) {
        self.record.leave();
    }

    fn place(&mut self, at: &'static Location<'static>) {
        self.record.place(at);
    }
}

impl<S> fmt::Debug for Traced<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
