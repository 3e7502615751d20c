//! What a pool tells of itself.

/// A look at a pool, all of it taken at one moment.
///
/// Gauges say what is so now, counts what has happened since the pool was
/// built, peaks the greatest value a gauge has had. Each job that was submitted is
/// counted once when it is over: completed, cancelled, panicked or rejected,
/// at the latest when its caller can see the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Threads that live.
    pub threads: usize,
    /// Threads without a job.
    pub idle: usize,
    /// Jobs that run, those parked in a wait not counted.
    pub running: usize,
    /// Jobs parked in a wait.
    pub blocked: usize,
    /// Jobs admitted to the queue.
    pub queued: usize,
    /// Jobs whose callers wait for room in the queue.
    pub backlog: usize,
    /// Jobs that returned.
    pub completed: u64,
    /// Jobs that were taken and never started: withdrawn by their callers, or left
    /// behind by a shutdown or for want of a thread.
    pub cancelled: u64,
    /// Jobs that panicked.
    pub panicked: u64,
    /// Jobs that were not taken, those among them that waited for room when the
    /// pool was closed.
    pub rejected: u64,
    /// The greatest number of threads.
    pub peak_threads: usize,
    /// The greatest number of jobs in the queue. In a storm of short jobs it is
    /// counted when a thread looks, and misses what came and went in between.
    pub peak_queued: usize,
    /// The greatest number of jobs parked in a wait.
    pub peak_blocked: usize,
}
