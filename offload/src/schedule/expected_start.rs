//! When a job that was submitted can be expected to start.

/// The time at which a job that was submitted can be expected to start.
///
/// The inbox and the queue know part of it, and the state adds the rest. The caller polls
/// on for a moment if its job is about to start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) enum ExpectedStart {
    /// The job is the next: a worker that is awake takes it at once, or after the job that
    /// it runs.
    AtOnce,
    /// A worker has been woken or started for the job. That took as long as a short job.
    Called,
    /// The job is queued behind others.
    #[default]
    InTurn,
    /// The job's caller waits for room in the queue first.
    InBacklog,
}
