//! Async to sync: blocking closures on the bounded pool.
//!
//! This module is also where the rarer names of the pool live; the common ones
//! are at the crate's root.

pub use offload_pool::{
    Cancelled, Panic, PoolShutdown, Scope, Shutdown, StillRunning, TryOffload, cancelled,
};

use offload_pool::large::Large;

use crate::{Bridge, ambient::InRuntime};

/// The future of an offloaded closure. See [`offload`].
pub use offload_pool::Offload;

/// A bounded pool of threads, apart from any [`Bridge`].
///
/// ```
/// use bridge::Pool;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bridge::BuildError> {
/// let pool = Pool::builder().max_threads(2).build()?;
/// assert_eq!(pool.run(|| 2 + 2).await, 4);
/// # Ok(())
/// # }
/// ```
pub type Pool = offload_pool::Pool<InRuntime>;

/// Runs a blocking closure on the pool of [`Bridge::global`].
///
/// The future is lazy, `Send` and `'static`. The closure runs inside the
/// runtime that submitted it, as under `tokio::task::spawn_blocking`, so it
/// may `Handle::current()`, spawn, and [`wait`](crate::wait).
///
/// # Panics
///
/// The future resumes the closure's panic, and panics with an
/// [`OffloadError`](crate::OffloadError)'s text if the closure can't run.
///
/// # Cancel safety
///
/// Dropping the future withdraws a closure that has not started, which then
/// never runs; one that runs goes on to its end. [`Offload::detach`] lets the closure
/// run without anybody to await it.
///
/// # Under a paused clock
///
/// A test that pauses Tokio's clock (`start_paused`, `tokio::time::pause`) lets it run
/// away while it awaits an offload: `timeout(100 s, offload(..))` fails at once, because
/// Tokio advances the clock when the runtime has nothing else to do, and it does not
/// know of the pool. With the feature `test-util` of this crate, meant for
/// dev-dependencies, an offload that is submitted under a paused clock holds it until
/// the closure has ended, as `spawn_blocking` does:
///
/// ```toml
/// [dev-dependencies]
/// bridge = { version = "0.1", features = ["test-util"] }
/// ```
///
/// Meanwhile a blocking thread of the test's runtime stands in for the closures. A
/// closure that was submitted before the clock was paused does not hold it.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let length = bridge::offload(|| std::fs::read_to_string("Cargo.toml").map(|text| text.len()));
/// assert!(length.await.is_ok());
/// # }
/// ```
#[track_caller]
pub fn offload<F, T>(closure: F) -> Offload<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // As in `Bridge::offload`: passing a large closure on would copy it.
    if Large::<F>::IS {
        Bridge::global().offload(Box::new(closure))
    } else {
        Bridge::global().offload(closure)
    }
}
