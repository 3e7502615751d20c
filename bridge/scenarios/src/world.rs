//! What a program does differently on the bridge and on plain Tokio.

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
    /// Never: the default settings are in range.
    #[must_use]
    pub fn default_pool() -> Self {
        Self::Bridge(Bridge::builder().build().expect("the settings are valid"))
    }

    /// Returns a bridge whose pool has one permit.
    ///
    /// # Panics
    ///
    /// Never: the settings are in range.
    #[must_use]
    pub fn max_threads_1() -> Self {
        let builder = Bridge::builder().max_threads(1);
        Self::Bridge(builder.build().expect("the settings are valid"))
    }

    /// Returns a bridge whose pool has one permit and at most two threads.
    ///
    /// # Panics
    ///
    /// Never: the settings are in range.
    #[must_use]
    pub fn one_and_one() -> Self {
        let builder = Bridge::builder().max_threads(1).max_blocked_threads(1);
        Self::Bridge(builder.build().expect("the settings are valid"))
    }

    /// Returns the future of a blocking closure, which is submitted at the first
    /// poll.
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

    /// Like [`start`](Self::start), by the bridge's `try_offload`.
    ///
    /// # Panics
    ///
    /// Like `start`, and if the bridge refuses the closure.
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
    /// If the wait is refused.
    #[track_caller]
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        match self {
            Self::Bridge(bridge) => bridge.wait(future),
            Self::Tokio => Handle::current().block_on(future),
        }
    }

    /// Waits on this thread for a pause and then for a blocking closure.
    ///
    /// The pause lets other callers start, and take the permits, before the
    /// closure is queued.
    ///
    /// # Panics
    ///
    /// Like [`wait`](Self::wait), and if the closure panics.
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

    /// Spawns a task, on the bridge one that carries its spawner's lineage.
    ///
    /// # Panics
    ///
    /// Outside a runtime.
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

/// The value of a task. Resumes its panic.
pub(crate) fn value<T>(joined: Result<T, JoinError>) -> T {
    joined.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
