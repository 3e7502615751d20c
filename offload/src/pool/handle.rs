//! The handle that users of a pool and its futures hold.

use std::{
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
    task::Waker,
};

use crate::{
    core::{Core, Refusal},
    job::{ambient::Config, runnable::Submitted},
    platform::fork::OfProcess,
    schedule::{expected_start::ExpectedStart, limits::WhenFull},
    vocabulary::{metrics::Metrics, name::PoolName},
};

/// Closes the pool when the last handle is dropped.
///
/// Workers hold the [`Core`] and no handle, so that handles can be counted. Each job
/// counts handles, and this type keeps that count off the cache lines that workers use.
pub(crate) struct Handle {
    pub(crate) core: OfProcess<Arc<Core>>,
    /// The value that `Ambient::context` gets at each submission.
    pub(crate) config: Config,
    /// A fork's child names the pool too.
    pub(crate) name: PoolName,
}

// A panic of the caller leaves the pool whole: the locks ignore poison, and each job catches
// the panics of its own code.
impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl Handle {
    /// Queues a job that has been prepared. See [`Core::submit`].
    pub(crate) fn submit(
        &self,
        job: Submitted,
        when_full: WhenFull,
        before_call: impl FnOnce() -> Option<Waker>,
    ) -> Result<ExpectedStart, Refusal> {
        self.core.get()?.submit(job, when_full, before_call)
    }

    /// Returns the figures that a fork's child gets. The workers and the jobs are its parent's.
    pub(crate) fn metrics_in_child(&self) -> Metrics {
        Metrics {
            name: self.name.clone(),
            ..Metrics::default()
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Ok(core) = self.core.get() {
            core.close();
        }
    }
}
