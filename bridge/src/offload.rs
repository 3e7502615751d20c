//! Runs blocking closures on the bounded pool.
//!
//! This module also has the rarer names of the pool. The common names are at the crate's
//! root.
//!
//! A closure that has started runs to its end. These functions tell it that its caller has
//! left, so that it can end early. [`guide::stopping`](crate::guide::stopping) shows them
//! at work.
//!
//! | the closure | asks |
//! |---|---|
//! | computes in a loop | [`cancelled`], now and then |
//! | blocks in a call that another thread can end | [`on_cancel`], which has a hook called |
//! | waits for a future | [`cancellation`], in a `select!` with that future |

pub use offload_pool::{
    Cancellation, Cancelled, OnCancel, Panic, PoolShutdown, Scope, Shutdown, StillRunning,
    TryOffload, cancellation, cancelled, on_cancel,
};

use offload_pool::large::Large;

use crate::{Bridge, ambient::InRuntime};

/// The future of an offloaded closure. See [`offload`].
pub use offload_pool::Offload;

/// A bounded pool of threads that belongs to no [`Bridge`]. It carries the current `tracing`
/// span, and no other context.
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
/// may `Handle::current()`, spawn, and [`wait`](crate::wait). It also runs in the `tracing`
/// span of the code that submitted it: see [`carry`](crate::carry).
///
/// # On a plain thread
///
/// A wait submits the closure inside home. But [`start`](Offload::start),
/// [`detach`](Offload::detach) and [`Bridge::try_offload`] submit it where they are called. If no
/// runtime is reachable there, the closure runs without one. It may wait all the same, but it
/// can't make a timer or spawn a task outside the wait. [`enter`](crate::enter) home first, if it
/// has to:
///
/// ```
/// use bridge::Wait;
///
/// let _home = bridge::enter();
/// let job = bridge::offload(|| tokio::spawn(async { 7 })).start();
/// assert_eq!(job.wait().wait().unwrap(), 7);
/// ```
///
/// # Panics
///
/// The future resumes the closure's panic, and panics with an
/// [`OffloadError`](crate::OffloadError)'s text if the closure can't run. A panic of
/// [`Carrier::capture`](crate::Carrier::capture) reaches the code that submits.
///
/// # Cancel safety
///
/// A drop of the future withdraws a closure that has not started, which then never runs.
/// A closure that has started runs to its end, and can see that its caller has left: see
/// the [module](self). [`Offload::detach`] lets the closure run although nobody awaits it.
///
/// # Under a paused clock
///
/// If a test pauses Tokio's clock (`start_paused`, `tokio::time::pause`) and awaits an
/// offload, the clock runs away: `timeout(100 s, offload(..))` fails at once. Tokio
/// advances a paused clock when the runtime has nothing else to do, and it does not know
/// of the pool. The feature `test-util` of this crate is meant for dev-dependencies. With
/// it, an offload that is submitted under a paused clock holds the clock until the
/// closure has ended, as `spawn_blocking` does, and so does a shutdown that is awaited:
///
/// ```toml
/// [dev-dependencies]
/// bridge = { path = "../bridge/bridge", features = ["test-util"] }
/// ```
///
/// Meanwhile a blocking thread of the test's runtime stands in for the bridge. A
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
    // This repeats `Bridge::offload`, because passing a large closure on would copy it.
    if Large::<F>::IS {
        Bridge::global().offload(Box::new(closure))
    } else {
        Bridge::global().offload(closure)
    }
}
