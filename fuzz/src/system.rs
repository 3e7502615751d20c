//! The only module that knows the library's names.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use bridge::{Bridge, Offload, OffloadError, offload};
use futures::future::join_all;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{ledger::Told, program::Shape};

/// All programs share this runtime, because starting it costs more than running a
/// program.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
});

/// Far longer than any input takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Returns the runtime that all inputs share.
pub(crate) fn runtime() -> Handle {
    RUNTIME.handle().clone()
}

/// The bridge under test.
#[derive(Clone, Debug)]
pub struct System {
    bridge: Bridge,
    most: usize,
}

/// A job of the system.
#[derive(Debug)]
pub struct Task {
    bridge: Bridge,
    job: Offload<u32>,
}

/// The outcome of queueing a job at once.
#[derive(Debug)]
pub enum Tried {
    Queued(Task),
    GivenBack,
}

/// The answer that the caller of a job got, and the job's value.
pub type Known = (Told, Option<u32>);

impl System {
    /// Returns a small system.
    ///
    /// # Panics
    ///
    /// Panics if the bridge refuses the sizes, which it must not.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let bridge = Bridge::builder()
            .runtime(runtime())
            .max_threads(shape.threads())
            .max_blocked_threads(shape.blocked())
            .queue_capacity(shape.queue())
            .build()
            .expect("sizes from one up");
        Self {
            bridge,
            most: shape.threads() + shape.blocked(),
        }
    }

    pub fn make(&self, job: impl FnOnce() -> u32 + Send + 'static) -> Task {
        Task {
            bridge: self.bridge.clone(),
            job: self.bridge.offload(job),
        }
    }

    pub fn attempt(&self, job: impl FnOnce() -> u32 + Send + 'static) -> Tried {
        match self.bridge.try_offload(job) {
            Ok(job) => Tried::Queued(Task {
                bridge: self.bridge.clone(),
                job,
            }),
            Err(_) => Tried::GivenBack,
        }
    }

    /// Waits for several jobs at once.
    #[must_use]
    pub fn wait_for_all(&self, tasks: Vec<Task>) -> Vec<Known> {
        let count = tasks.len();
        let all = join_all(tasks.into_iter().map(|task| task.job.outcome()));
        match self.bridge.try_wait(all) {
            Ok(outcomes) => outcomes.iter().map(known).collect(),
            Err(_) => vec![(Told::Nothing, None); count],
        }
    }

    /// Shuts the system down. Returns false if a job was still running after `limit`.
    #[must_use]
    pub fn shut_down(&self, limit: Duration) -> bool {
        self.bridge.shutdown(limit).wait().running.is_empty()
    }

    /// Returns the number of jobs that returned or panicked, as the pool counts them.
    #[must_use]
    pub fn ended(&self) -> u64 {
        let now = self.bridge.metrics();
        now.completed + now.panicked
    }

    /// Checks the metrics of the system, once it is shut down.
    ///
    /// # Panics
    ///
    /// Panics if a bound was broken, or if a job stays behind.
    pub fn check(&self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        loop {
            let now = self.bridge.metrics();
            assert!(
                now.peak_threads <= self.most,
                "{now:?}, at most {}",
                self.most
            );
            // A caller can see a result just before its worker has counted the end.
            if (now.running, now.blocked, now.queued, now.backlog) == (0, 0, 0, 0) {
                return;
            }
            assert!(Instant::now() < deadline, "something stays behind: {now:?}");
            std::thread::yield_now();
        }
    }
}

impl Task {
    #[must_use]
    pub fn start(self) -> Self {
        Self {
            job: self.job.start(),
            ..self
        }
    }

    /// Lets the job run although nobody awaits it.
    pub fn detach(self) {
        self.job.detach();
    }

    /// Withdraws the job. Returns true if it had not started.
    pub fn cancel(&self) -> bool {
        self.job.cancel() == offload::Cancelled::Withdrawn
    }

    /// Waits for the job, for at most `limit`.
    #[must_use]
    pub fn wait(self, limit: Option<Duration>) -> Known {
        let outcome = self.job.outcome();
        let waited = match limit {
            Some(limit) => self.bridge.wait_timeout(outcome, limit),
            None => self.bridge.try_wait(outcome),
        };
        waited.map_or((Told::Nothing, None), |outcome| known(&outcome))
    }

    /// Waits for the job in a task of a runtime. The task must carry the lineage along.
    ///
    /// # Panics
    ///
    /// Panics if the task panics, which it must not.
    #[must_use]
    pub fn wait_in_task(self) -> Known {
        let task = self.bridge.spawn(self.job.outcome());
        let waited = self.bridge.try_wait(task);
        waited.map_or((Told::Nothing, None), |joined| {
            known(&joined.expect("no task panics"))
        })
    }
}

fn known(outcome: &Result<u32, OffloadError>) -> Known {
    match outcome {
        Ok(value) => (Told::Ran, Some(*value)),
        Err(OffloadError::Panicked(_)) => (Told::Ran, None),
        Err(OffloadError::Cancelled { .. } | OffloadError::NoThread { .. }) => {
            (Told::DidNotRun, None)
        }
        // A shutdown may also have cut off a job that was running.
        Err(_) => (Told::Nothing, None),
    }
}
