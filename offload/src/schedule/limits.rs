//! The settings that a pool was built with, after the checks.

use std::{sync::Arc, time::Duration};

use super::policy::{Decision, LoadSample};
use crate::vocabulary::name::PoolName;

/// The number of threads that Tokio allows its blocking pool. If nobody set a limit, a pool of
/// this crate may have as many workers, so that code for Tokio's pool works here.
pub(crate) const TOKIOS_LIMIT: usize = 512;

/// The settings of a pool.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) name: PoolName,
    pub(crate) max_threads: usize,
    /// Whether the pool may grow: nobody has set `max_threads`.
    pub(crate) grows: bool,
    pub(crate) max_blocked_threads: usize,
    /// The number of workers that a pool may have while jobs are parked, although its limits are
    /// lower. It is zero if somebody has set a limit.
    pub(crate) most_while_parked: usize,
    pub(crate) queue_capacity: usize,
    /// Whether the pool measures how long jobs are queued and run.
    pub(crate) timings: bool,
    pub(crate) keep_alive: Duration,
    /// The name of the workers, if it is not the name of the pool.
    pub(crate) thread_name: Option<String>,
    pub(crate) stack_size: usize,
    pub(crate) spin: Duration,
    /// The longest time that the exit of the process waits for admitted jobs. Zero means
    /// that the exit does not wait.
    pub(crate) exit_grace: Duration,
    /// The longest time that a shutdown waits for jobs that were told to stop. `None`
    /// means a tenth of the shutdown's grace.
    pub(crate) cancel_grace: Option<Duration>,
    /// The number of processors that the process had when it first asked for them.
    pub(crate) cores: usize,
    /// Decides whether the searching worker takes work or watches.
    pub(crate) decide: fn(LoadSample) -> Decision,
    /// Whether a watch ends. Only loom's world looks at this.
    pub(crate) watches_end: bool,
}

impl Limits {
    /// Returns the name of the workers.
    pub(crate) fn worker_name(&self) -> String {
        let name = self.thread_name.as_deref().or(self.name.as_str());
        name.unwrap_or("bridge-offload").to_owned()
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
impl Limits {
    /// Returns the settings of the smallest pool, for tests of the state.
    pub(crate) fn smallest() -> Self {
        Self {
            max_threads: 1,
            max_blocked_threads: 1,
            most_while_parked: 0,
            queue_capacity: 1,
            timings: false,
            keep_alive: Duration::ZERO,
            name: PoolName::default(),
            thread_name: None,
            stack_size: 0,
            spin: Duration::ZERO,
            exit_grace: Duration::ZERO,
            cancel_grace: None,
            cores: 1,
            decide: super::policy::decide,
            grows: false,
            watches_end: false,
        }
    }
}

/// Says what a submission does if the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    JoinBacklog,
    Refuse,
}

type Hook = Arc<dyn Fn() + Send + Sync>;

/// The hooks that run on each worker.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
}
