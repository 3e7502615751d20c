//! The only module that knows the library's names.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use bridge::{Bridge, Offload, OffloadError, WaitError, offload};
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
    /// Whether a shutdown has begun.
    ends: Arc<AtomicBool>,
}

/// A job of the system.
#[derive(Debug)]
pub struct Task {
    system: System,
    job: Offload<u32>,
}

/// The outcome of queueing a job at once.
#[derive(Debug)]
pub enum Tried {
    Queued(Task),
    GivenBack,
}

/// The place of a wait. It decides which errors may end the wait. A shutdown may end any.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// The program's own thread, with a limit perhaps. The limit may end the wait.
    Program(Option<Duration>),
    /// A job. A pool that is too small may end the wait.
    Job,
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
            ends: Arc::default(),
        }
    }

    pub fn make(&self, job: impl FnOnce() -> u32 + Send + 'static) -> Task {
        Task {
            system: self.clone(),
            job: self.bridge.offload(job),
        }
    }

    pub fn attempt(&self, job: impl FnOnce() -> u32 + Send + 'static) -> Tried {
        match self.bridge.try_offload(job) {
            Ok(job) => Tried::Queued(Task {
                system: self.clone(),
                job,
            }),
            Err(rejected) => {
                let is_told = !rejected.is_shut_down() || self.ends.load(SeqCst);
                assert!(is_told, "an open pool has shut a job out");
                Tried::GivenBack
            }
        }
    }

    /// Waits for several jobs at once.
    #[must_use]
    pub fn wait_for_all(&self, tasks: Vec<Task>, place: Place) -> Vec<Known> {
        let count = tasks.len();
        let all = join_all(tasks.into_iter().map(|task| task.job.outcome()));
        match place.wait(self, all) {
            Ok(outcomes) => outcomes.iter().map(|outcome| known(self, outcome)).collect(),
            Err(told) => vec![(told, None); count],
        }
    }

    /// Shuts the system down. Returns false if a job was still running after `limit`.
    #[must_use]
    pub fn shut_down(&self, limit: Duration) -> bool {
        self.ends.store(true, SeqCst);
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

    /// Waits for the job.
    #[must_use]
    pub fn wait(self, place: Place) -> Known {
        let waited = place.wait(&self.system, self.job.outcome());
        waited.map_or_else(|told| (told, None), |outcome| known(&self.system, &outcome))
    }

    /// Waits in a job for a task of a runtime that awaits this job. The task must carry the
    /// lineage along.
    #[must_use]
    pub fn wait_in_task(self) -> Known {
        let task = self.system.bridge.spawn(self.job.outcome());
        match Place::Job.wait(&self.system, task) {
            Ok(Ok(outcome)) => known(&self.system, &outcome),
            Ok(Err(error)) => (Told::Wrong(error.to_string()), None),
            Err(told) => (told, None),
        }
    }
}

impl Place {
    /// Waits for a future here.
    fn wait<F: Future>(self, system: &System, future: F) -> Result<F::Output, Told> {
        let waited = match self {
            Self::Program(Some(limit)) => system.bridge.wait_timeout(future, limit),
            Self::Program(None) | Self::Job => system.bridge.try_wait(future),
        };
        waited.map_err(|error| match (self, error) {
            (Self::Program(Some(_)), WaitError::TimedOut { .. })
            | (Self::Job, WaitError::PoolExhausted { .. }) => Told::Nothing,
            (_, WaitError::RuntimeGone { .. }) if system.ends.load(SeqCst) => Told::Nothing,
            (_, error) => Told::Wrong(error.to_string()),
        })
    }
}

fn known(system: &System, outcome: &Result<u32, OffloadError>) -> Known {
    match outcome {
        Ok(value) => (Told::Ran, Some(*value)),
        Err(OffloadError::Panicked(_)) => (Told::Ran, None),
        Err(OffloadError::Cancelled { .. } | OffloadError::NoThread { .. }) => {
            (Told::DidNotRun, None)
        }
        Err(error) if !system.ends.load(SeqCst) => (Told::Wrong(error.to_string()), None),
        // A shutdown may also have cut off a job that was running.
        Err(_) => (Told::Nothing, None),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use arbitrary::{Arbitrary, Unstructured};

    use super::*;

    /// Otherwise a bridge that refuses every wait breaks no invariant.
    #[test]
    fn a_wait_that_is_refused_is_a_wrong_answer() {
        let shape = Shape::arbitrary(&mut Unstructured::new(&[])).expect("any bytes");
        let system = System::new(shape);
        let executor = Builder::new_current_thread().build().expect("a runtime");
        let told = |place: Place| {
            let (release, held) = mpsc::channel::<()>();
            let task = system.make(move || u32::from(held.recv().is_ok()));
            let (told, _) = executor.block_on(async { task.wait(place) });
            drop(release);
            told
        };
        for place in [Place::Program(None), Place::Program(Some(LONG)), Place::Job] {
            let told = told(place);
            assert!(matches!(told, Told::Wrong(_)), "{place:?}: {told:?}");
        }
        assert!(system.shut_down(LONG));
    }
}
