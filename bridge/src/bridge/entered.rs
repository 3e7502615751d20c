//! Entering the home runtime from sync code, without a wait.

use std::panic::Location;

use tokio::runtime::{EnterGuard, Handle};

use crate::{Bridge, WaitError};

/// Keeps a bridge's home runtime entered on this thread until it is dropped.
///
/// [`enter`] and [`Bridge::enter`] return it. It can't move to another thread:
///
/// ```compile_fail,E0277
/// let entered = bridge::enter();
/// std::thread::spawn(move || drop(entered));
/// ```
#[derive(Debug)]
#[must_use = "the runtime is left as soon as the guard drops: bind it to a name, as in `let _entered = …`"]
pub struct Entered<'a> {
    _guard: EnterGuard<'a>,
}

impl<'a> Entered<'a> {
    /// Enters the home runtime of `bridge`. An error names the place `at`.
    pub(crate) fn home_of(
        bridge: &'a Bridge,
        at: &'static Location<'static>,
    ) -> Result<Self, WaitError> {
        let home = bridge.living_home(at)?;
        // Without Tokio's thread-local, `enter` would panic.
        if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
            return Err(WaitError::ThreadEnding { at });
        }
        Ok(Self {
            _guard: home.enter(),
        })
    }
}

/// Enters the home runtime of [`Bridge::global`] on this thread, until the guard
/// drops.
///
/// Some things must be made or dropped inside a runtime although nothing is awaited:
/// `tokio::time::timeout` and `interval`, `TcpStream::from_std`, a lazily connected
/// channel, a pooled connection whose destructor spawns a task. Outside a runtime
/// Tokio panics with "there is no reactor running". Under the guard these work, and
/// so does `tokio::spawn`.
///
/// ```
/// use std::time::Duration;
///
/// use bridge::Wait;
/// use tokio::time::timeout;
///
/// let _entered = bridge::enter();
/// // `timeout` makes its timer before the wait begins.
/// let answer = timeout(Duration::from_secs(5), async { 42 }).wait();
/// assert_eq!(answer, Ok(42));
/// ```
///
/// In code outside any runtime, the waits of this bridge do the same under the guard as
/// without it. The waits of another bridge rest on this home too. A closure that is submitted
/// under the guard by `start`, `detach` or `try_offload` runs inside home, and without the
/// guard [inside no runtime](crate::offload()#on-a-plain-thread). In blocking code of another
/// runtime, waits under the guard rest on home, which may outlive that runtime.
/// [`Context::current`](crate::Context::current) becomes
/// [`Blocking`](crate::Context::Blocking), because a runtime is reachable.
///
/// The guard is for sync code. If a task holds it across an `.await`, it stays on the
/// thread while the thread polls other tasks. Inside a task the guard hides which runtime
/// drives the task, so a wait there may be refused.
///
/// # Panics
///
/// Panics with the text of a [`WaitError`] if the home runtime can't be started or has
/// ended: see [`Bridge::try_enter`].
///
/// Tokio panics if guards are not dropped in the reverse order of their making.
#[track_caller]
pub fn enter() -> Entered<'static> {
    Bridge::global().enter()
}
