//! The figures that a pool gives about itself.

use crate::{PoolName, Timing};

/// The figures of a pool, all of them taken at one moment.
///
/// Some figures describe this moment. Others count events since the pool was built, or
/// give the greatest value that a figure has had. Each submitted job is counted once when
/// it is over: as completed, cancelled, panicked or rejected. It is counted at the latest
/// when its caller can see the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// The name of the pool.
    pub name: PoolName,
    /// The number of workers.
    pub threads: usize,
    /// The number of workers without a job.
    pub idle: usize,
    /// The number of jobs that run. Parked jobs do not count.
    pub running: usize,
    /// The number of parked jobs.
    pub blocked: usize,
    /// The number of jobs in the queue.
    pub queued: usize,
    /// The number of jobs whose callers wait for room in the queue.
    pub backlog: usize,
    /// The number of jobs that returned.
    pub completed: u64,
    /// The number of jobs that were admitted and never started. Either their callers
    /// withdrew them, or a shutdown left them behind, or no worker could be started.
    pub cancelled: u64,
    /// The number of jobs that panicked.
    pub panicked: u64,
    /// The number of jobs that were not admitted. This includes jobs that waited for room
    /// when the pool was closed.
    pub rejected: u64,
    /// The greatest number of workers at a time.
    pub peak_threads: usize,
    /// The greatest number of jobs in the queue at a time. In a storm of short jobs the
    /// pool counts only when a worker looks, so it misses jobs that come and go in
    /// between.
    pub peak_queued: usize,
    /// The greatest number of jobs parked at a time.
    pub peak_blocked: usize,
    /// How long jobs were queued, from their admission to their start. `None` unless
    /// [`Builder::timings`](crate::Builder::timings) is on.
    ///
    /// Each job that has returned or panicked is measured. Time in the backlog does not
    /// count, because a job is not admitted there.
    pub queued_for: Option<Timing>,
    /// How long jobs ran, from their start to their end. The time for which a job was
    /// parked in a wait counts. `None` unless
    /// [`Builder::timings`](crate::Builder::timings) is on.
    pub ran_for: Option<Timing>,
}
