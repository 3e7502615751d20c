//! The finer answer: who is polling, so that a wait knows what it may park.

use tokio::runtime::{self, Handle};

use crate::{Context, Mark, probe};

/// Where the current thread stands, in the detail that waiting needs.
///
/// Tokio's own evidence comes before our marks: a marked future is always
/// polled without a coop budget and outside a worker, so whatever Tokio shows
/// was entered further in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// No runtime is reachable from here.
    Thread,
    /// This thread's locals are being destroyed.
    Ending,
    /// A runtime is reachable, and nothing is being polled.
    Blocking,
    /// Inside a job of the offload pool.
    Job,
    /// Polled by a Tokio scheduler, as the worker of this index.
    Worker(usize),
    /// Polled by a Tokio thread that is no worker: a root of `block_on`.
    Root,
    /// Polled by a wait of the bridge.
    Wait,
    /// Polled inside [`in_async`](crate::in_async).
    Foreign,
}

impl Place {
    /// The place of this thread, now.
    #[must_use]
    pub fn current() -> Self {
        if let Some(index) = runtime::worker_index() {
            return Self::Worker(index);
        }
        let mark = Mark::current();
        match Handle::try_current() {
            Ok(_) if probe::budget_in_force() => Self::Root,
            Ok(_) => mark.place().unwrap_or(Self::Blocking),
            Err(error) if error.is_thread_local_destroyed() => Self::Ending,
            Err(_) => mark.place().unwrap_or(Self::Thread),
        }
    }

    /// The same in three words.
    #[must_use]
    pub fn context(self) -> Context {
        match self {
            Self::Thread | Self::Ending => Context::Sync,
            Self::Blocking | Self::Job => Context::Blocking,
            Self::Worker(_) | Self::Root | Self::Wait | Self::Foreign => Context::Async,
        }
    }
}
