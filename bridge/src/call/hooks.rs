//! The hooks around the run of a call.
//!
//! A call tells them when it starts and when its function has returned. Only a
//! [record](super::record) of `#[smartasync(debug)]` listens.

use crate::route::Route;

/// Hooks around the run of a call.
pub trait Hooks {
    /// Notes that the call starts by this route. Later starts of the same call are ignored, except
    /// that of a plain call, before which the function has not run.
    #[inline]
    fn begin(&mut self, route: Route) {
        let _ = route;
    }
    /// Notes that the function has returned. For a plain call this comes just before the
    /// function runs.
    #[inline]
    fn end(&mut self) {}
    /// Notes that the function has panicked in a job or in a poll. The panic of a plain call needs
    /// no note, because it unwinds through the call.
    #[inline]
    fn panicked(&mut self) {}
}

/// Does nothing.
impl Hooks for () {}
