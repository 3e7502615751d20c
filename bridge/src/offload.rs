//! Async to sync: blocking closures on the bounded pool.
//!
//! This module is also where the rarer names of the pool live; the common ones
//! are at the crate's root.

pub use offload_pool::{
    Attempt, Cancelled, Panic, PoolShutdown, Scope, Shutdown, StillRunning, cancelled,
};

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
/// never runs; one that runs goes on to its end.
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
    Bridge::global().offload(closure)
}
