//! What a pool was built with, after the checks.

use std::{sync::Arc, time::Duration};

use crate::schedule::policy::{Decision, LoadSample};

/// The numbers of a pool.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) max_threads: usize,
    /// Whether the pool may grow while it stands still: nobody has set
    /// `max_threads`.
    pub(crate) grows: bool,
    pub(crate) max_blocked_threads: usize,
    pub(crate) queue_capacity: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) thread_name: String,
    pub(crate) stack_size: usize,
    pub(crate) spin: Duration,
    /// How long the exit of the process waits for admitted jobs. Zero: not at all.
    pub(crate) exit_grace: Duration,
    /// How long a shutdown waits for jobs that were told to stop. `None`: a tenth
    /// of the shutdown's grace.
    pub(crate) cancel_grace: Option<Duration>,
    /// Processors that the machine had when the pool was built.
    pub(crate) cores: usize,
    /// What decides whether the thread on call is needed.
    pub(crate) decide: fn(LoadSample) -> Decision,
}

type Hook = Arc<dyn Fn() + Send + Sync>;

/// What runs on each of the pool's threads.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) on_thread_start: Option<Hook>,
    pub(crate) on_thread_stop: Option<Hook>,
}
