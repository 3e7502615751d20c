//! The report of a pool: its workers, jobs and waits, and who waits for whom.
//!
//! [`observe`](crate::observe) makes it. [`display`] writes it as a tree, and [`cycle`] is the
//! part of it that names jobs which wait for each other.

pub(crate) mod cycle;
mod display;

use std::{panic::Location, time::Duration};

use self::cycle::{Cycle, Step};
use super::{metrics::Metrics, name::PoolName};

/// The workers, jobs and waits of a pool at one moment, and who waits for whom.
///
/// It displays as a tree. A wait stands below the job whose code waits. A job stands below
/// the wait whose future has submitted the job, or polls for it. If no wait has, the job
/// stands below the job that submitted it, which need not wait.
///
/// The report covers one pool. It also lists jobs and waits of other pools if they are
/// linked with a job of this pool.
///
/// # Corner cases
///
/// A report knows only what passes through the pool. It sees neither a lock that a job
/// blocks on nor a task that awaits a job. Tasks that were not spawned by `bridge::spawn`
/// lose the link to the job that spawned them.
///
/// At most 10 000 queued jobs are listed. [`omitted`](Self::omitted) counts the others. The
/// tree is written to a depth of 32 levels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub(crate) metrics: Metrics,
    pub(crate) permits: usize,
    pub(crate) lacks_threads: bool,
    pub(crate) stalled_for: Option<Duration>,
    pub(crate) workers: Vec<WorkerEntry>,
    pub(crate) jobs: Vec<JobEntry>,
    pub(crate) waits: Vec<WaitEntry>,
    pub(crate) cycle: Option<Cycle>,
    pub(crate) omitted: usize,
}

/// A worker in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerEntry {
    /// The number of the worker in its pool, from 1 on. A later worker may get the number
    /// of a worker that has ended.
    pub number: usize,
    /// The state of the worker.
    pub state: WorkerState,
    /// The numbers of the jobs on its stack, outermost first. More than one job is there
    /// only if the worker was lent a job.
    pub jobs: Vec<usize>,
}

/// The state of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerState {
    /// The worker has no job. It sleeps, or looks for a job.
    Idle,
    /// The worker runs a job.
    Running,
    /// The worker is parked in a wait of its job.
    Parked,
}

/// A job in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEntry {
    pub(crate) number: usize,
    pub(crate) pool: PoolName,
    pub(crate) is_foreign: bool,
    pub(crate) at: &'static Location<'static>,
    pub(crate) state: JobState,
    pub(crate) age: Option<Duration>,
    pub(crate) worker: Option<usize>,
    pub(crate) parent: Option<Step>,
    pub(crate) is_cancelled: bool,
    pub(crate) is_detached: bool,
}

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JobState {
    /// Its caller waits for room in the queue.
    InBacklog,
    /// It was admitted, and no worker has taken it.
    Queued,
    /// A worker runs it. It may block outside the waits of the bridge.
    Running,
    /// It is parked in a wait.
    Parked,
    /// It is parked, and its worker runs a job that it was lent.
    Lending,
    /// It has ended, and its worker is waking its caller.
    Ended,
}

/// A wait in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitEntry {
    pub(crate) number: usize,
    pub(crate) at: Option<&'static Location<'static>>,
    pub(crate) age: Option<Duration>,
    pub(crate) job: Option<usize>,
    pub(crate) thread: Option<String>,
    pub(crate) future: Option<&'static str>,
}

impl Report {
    /// Notes how long the pool has stood still.
    pub(crate) fn stalled(mut self, time: Duration) -> Self {
        self.stalled_for = Some(time);
        self
    }

    /// Returns the name of the pool.
    #[must_use]
    pub fn name(&self) -> &PoolName {
        &self.metrics.name
    }

    /// Returns the figures of the pool at the moment of the report, without the timings.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Returns the number of permits. That many jobs may run at a time.
    #[must_use]
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Returns whether the system has refused the pool a thread, and no thread of the pool has
    /// started since.
    #[must_use]
    pub fn lacks_threads(&self) -> bool {
        self.lacks_threads
    }

    /// Returns how long the pool has stood still, if the report is about that.
    #[must_use]
    pub fn stalled_for(&self) -> Option<Duration> {
        self.stalled_for
    }

    /// Returns the workers of the pool. A worker that is starting is not among them.
    #[must_use]
    pub fn workers(&self) -> &[WorkerEntry] {
        &self.workers
    }

    /// Returns the jobs: those of the workers, then the queued ones, then those of other
    /// pools.
    #[must_use]
    pub fn jobs(&self) -> &[JobEntry] {
        &self.jobs
    }

    /// Returns the waits: those of jobs, then those of threads that are no workers.
    #[must_use]
    pub fn waits(&self) -> &[WaitEntry] {
        &self.waits
    }

    /// Returns jobs and waits that wait for each other in a circle, if there are any.
    #[must_use]
    pub fn cycle(&self) -> Option<&Cycle> {
        self.cycle.as_ref()
    }

    /// Returns the number of queued jobs that the report does not list.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl JobEntry {
    /// Returns the number of the job in its report, from 1 on.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns the name of the job's pool.
    #[must_use]
    pub fn pool(&self) -> &PoolName {
        &self.pool
    }

    /// Returns whether the job belongs to another pool than the report.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// Returns the place where the closure was offloaded.
    #[must_use]
    pub fn at(&self) -> &'static Location<'static> {
        self.at
    }

    /// Returns the state of the job.
    #[must_use]
    pub fn state(&self) -> JobState {
        self.state
    }

    /// Returns how long ago the job began, or how long it has been queued.
    ///
    /// A job that has begun always has an age, at a resolution of 10 milliseconds. The age
    /// includes the time of up to 31 short jobs that ran on the same worker just before, in
    /// all about 50 milliseconds at most. A job that a worker has taken, and not begun, has no
    /// age.
    ///
    /// A queued job has an age only with [`Builder::timings`](crate::Builder::timings).
    /// Without timings the pool does not read the clock when a job is submitted. The age of a
    /// job that has been queued for more than 2 hours and 26 minutes is too small.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// Returns the number of the worker that has the job, in the job's pool.
    #[must_use]
    pub fn worker(&self) -> Option<usize> {
        self.worker
    }

    /// Returns the wait or the job that this job belongs to, by its lineage: the wait whose
    /// future polled or submitted it, or else the job that submitted it.
    #[must_use]
    pub fn parent(&self) -> Option<Step> {
        self.parent
    }

    /// Returns whether the job was told to stop. Its caller has left, or a shutdown has used
    /// up its grace.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }

    /// Returns whether the job was detached.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        self.is_detached
    }
}

impl WaitEntry {
    /// Returns the number of the wait in its report, from 1 on.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Returns the place of the wait. A wait for the end of a pool has none, and neither has the
    /// drop of an [`OnCancel`](crate::OnCancel) guard that waits for its hook.
    #[must_use]
    pub fn at(&self) -> Option<&'static Location<'static>> {
        self.at
    }

    /// Returns the time since the wait first parked. `None` means that its thread is not
    /// parked. That thread polls, or runs a job that it was lent.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// Returns the number of the job whose code waits. `None` means that no job waits, but a
    /// thread that is no worker, or a waker that a worker calls.
    #[must_use]
    pub fn job(&self) -> Option<usize> {
        self.job
    }

    /// Returns the name of the thread that waits, if it has one and is no worker.
    #[must_use]
    pub fn thread(&self) -> Option<&str> {
        self.thread.as_deref()
    }

    /// Returns the type of the future, or the name of the smart `fn`, if the thread that waits is
    /// no worker.
    #[must_use]
    pub fn future(&self) -> Option<&'static str> {
        self.future
    }
}
