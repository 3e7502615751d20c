//! The calls that differ between the bridge and plain Tokio.

use std::{pin::Pin, time::Duration};

use bridge::Bridge;
use tokio::{
    runtime::Handle,
    task::{JoinError, JoinHandle, spawn_blocking},
    time::sleep,
};

/// A pause that is long enough for another caller to start.
pub const SHORT: Duration = Duration::from_millis(1);

/// A pause that is long enough for a pool to start all its threads.
pub const LONG: Duration = Duration::from_millis(30);

/// The future of a blocking closure.
pub type Job<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The calls that a program is written with.
#[derive(Clone, Debug)]
pub enum World {
    /// `offload` and `wait` of a bridge.
    Bridge(Bridge),
    /// `spawn_blocking` and `Handle::block_on`.
    Tokio,
}

impl World {
    /// Returns plain Tokio.
    #[must_use]
    pub fn tokio() -> Self {
        Self::Tokio
    }

    /// Returns a bridge with the default settings.
    ///
    /// # Panics
    ///
    /// Never panics: the default settings are in range.
    #[must_use]
    pub fn default_pool() -> Self {
        Self::Bridge(Bridge::builder().build().expect("the settings are valid"))
    }

    /// Returns a bridge whose pool has one permit.
    ///
    /// # Panics
    ///
    /// Never panics: the settings are in range.
    #[must_use]
    pub fn max_threads_1() -> Self {
        let builder = Bridge::builder().max_threads(1);
        Self::Bridge(builder.build().expect("the settings are valid"))
    }

    /// Returns a bridge whose pool has one permit and at most two threads.
    ///
    /// # Panics
    ///
    /// Never panics: the settings are in range.
    #[must_use]
    pub fn one_and_one() -> Self {
        let builder = Bridge::builder().max_threads(1).max_blocked_threads(1);
        Self::Bridge(builder.build().expect("the settings are valid"))
    }

    /// Returns a future that runs a blocking closure. The first poll submits
    /// it.
    ///
    /// # Panics
    ///
    /// The future panics if the closure panics.
    pub fn offload<T: Send + 'static>(
        &self,
        closure: impl FnOnce() -> T + Send + 'static,
    ) -> Job<T> {
        match self {
            Self::Bridge(bridge) => Box::pin(bridge.offload(closure)),
            Self::Tokio => Box::pin(async { value(spawn_blocking(closure).await) }),
        }
    }

    /// Submits a blocking closure now.
    ///
    /// # Panics
    ///
    /// The future panics if the closure panics. On Tokio, this panics outside a
    /// runtime.
    pub fn start<T: Send + 'static>(&self, closure: impl FnOnce() -> T + Send + 'static) -> Job<T> {
        match self {
            Self::Bridge(bridge) => Box::pin(bridge.offload(closure).start()),
            Self::Tokio => {
                let started = spawn_blocking(closure);
                Box::pin(async { value(started.await) })
            }
        }
    }

    /// Like [`start`](Self::start), but calls the bridge's `try_offload`.
    ///
    /// # Panics
    ///
    /// Panics like `start`, and if the bridge refuses the closure.
    pub fn try_start<T: Send + 'static>(
        &self,
        closure: impl FnOnce() -> T + Send + 'static,
    ) -> Job<T> {
        match self {
            Self::Bridge(bridge) => match bridge.try_offload(closure) {
                Ok(offload) => Box::pin(offload),
                Err(rejected) => panic!("{rejected}"),
            },
            Self::Tokio => self.start(closure),
        }
    }

    /// Waits for a future on this thread.
    ///
    /// # Panics
    ///
    /// Panics if the wait is refused.
    #[track_caller]
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        match self {
            Self::Bridge(bridge) => bridge.wait(future),
            Self::Tokio => Handle::current().block_on(future),
        }
    }

    /// Waits on this thread for a pause and then for a blocking closure.
    ///
    /// During the pause other callers start and take the permits. Only then is
    /// the closure queued.
    ///
    /// # Panics
    ///
    /// Panics like [`wait`](Self::wait), and if the closure panics.
    #[track_caller]
    pub fn pause_and_offload<T: Send + 'static>(
        &self,
        pause: Duration,
        closure: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        self.wait(async {
            sleep(pause).await;
            self.offload(closure).await
        })
    }

    /// Spawns a task. On the bridge, the task carries its spawner's lineage.
    ///
    /// # Panics
    ///
    /// Panics outside a runtime.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self {
            Self::Bridge(bridge) => bridge.spawn(future),
            Self::Tokio => tokio::spawn(future),
        }
    }
}

/// Returns the value of a task, or resumes its panic.
pub(crate) fn value<T>(joined: Result<T, JoinError>) -> T {
    joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
