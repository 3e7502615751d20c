//! The three answers a caller of a smart function needs.

use crate::Place;

/// What the current thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// No runtime is reachable: blocking harms nobody.
    Sync,
    /// A runtime is reachable, but this thread is not polling for it.
    Blocking,
    /// A future is being polled on this thread: blocking freezes its executor.
    Async,
}

impl Context {
    /// The context of this thread, now.
    #[must_use]
    pub fn current() -> Self {
        Place::current().context()
    }
}
