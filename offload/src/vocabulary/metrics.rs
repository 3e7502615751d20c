//! The figures that a pool gives about itself.

use super::name::PoolName;
use crate::timing::Timing;

/// The figures of a pool, all of them taken at one moment.
///
/// Some figures describe this moment. Others count events since the pool was built, or
/// give the greatest value that a figure has had.
///
/// The pool counts each submitted job once when it is over: as completed, cancelled,
/// panicked or rejected. A caller that can see the result of its job finds it counted.
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
    /// The number of workers that are parked in a wait. A worker that was lent a job does
    /// not count, although its own job is still parked.
    pub blocked: usize,
    /// The number of jobs in the queue.
    pub queued: usize,
    /// The number of jobs whose callers wait for room in the queue.
    pub backlog: usize,
    /// The number of jobs that returned.
    pub completed: u64,
    /// The number of jobs that were submitted and never started, apart from those that
    /// `rejected` counts. Either their callers withdrew them, or a shutdown left them behind,
    /// or no worker could be started.
    pub cancelled: u64,
    /// The number of jobs that panicked.
    pub panicked: u64,
    /// The number of jobs that were not admitted. This includes jobs that waited for room
    /// when the pool was closed.
    pub rejected: u64,
    /// The greatest number of workers at a time. A worker counts from the end of its start
    /// hook on.
    pub peak_threads: usize,
    /// The greatest number of jobs in the queue at a time. In a storm of short jobs the
    /// pool counts only when a worker looks at the queue. It misses jobs that come and go
    /// in between.
    pub peak_queued: usize,
    /// The greatest number of workers parked at a time, counted as in `blocked`.
    pub peak_blocked: usize,
    /// The times that jobs were queued, from their admission to their start. `None` unless
    /// [`Builder::timings`](crate::Builder::timings) is on.
    ///
    /// Each job that has returned or panicked is measured. Time in the backlog does not
    /// count, because a job is not admitted there.
    pub queued_for: Option<Timing>,
    /// The times that jobs ran, from their start to their end. The time for which a job was
    /// parked in a wait counts. `None` unless
    /// [`Builder::timings`](crate::Builder::timings) is on.
    pub ran_for: Option<Timing>,
}

/// One figure of [`Metrics`], for code that publishes all of them.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The name of the field.
    pub name: &'static str,
    /// A description.
    pub what: &'static str,
    pub value: Value,
}

/// The value of a [`Figure`].
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A number that goes up and down, or the greatest such number so far.
    Gauge(usize),
    /// A number of events since the pool was built.
    Counter(u64),
    /// The times that jobs took.
    Timing(Timing),
}

impl Metrics {
    /// Returns all figures. The timings are among them only if they are on.
    #[doc(hidden)]
    #[must_use]
    pub fn figures(&self) -> Vec<Figure> {
        // A new field does not compile until it has a line here.
        let Self {
            name: _,
            threads,
            idle,
            running,
            blocked,
            queued,
            backlog,
            completed,
            cancelled,
            panicked,
            rejected,
            peak_threads,
            peak_queued,
            peak_blocked,
            queued_for,
            ran_for,
        } = *self;
        let gauge = |name, what, value| (name, what, Value::Gauge(value));
        let counter = |name, what, value| (name, what, Value::Counter(value));
        let timing = |name, what, value: Option<_>| Some((name, what, Value::Timing(value?)));
        let counts = [
            gauge("threads", "workers", threads),
            gauge("idle", "workers without a job", idle),
            gauge("running", "jobs that run", running),
            gauge("blocked", "workers parked in a wait", blocked),
            gauge("queued", "jobs in the queue", queued),
            gauge("backlog", "jobs that wait for room in the queue", backlog),
            gauge("peak_threads", "the most workers at a time", peak_threads),
            gauge(
                "peak_queued",
                "the most jobs in the queue at a time",
                peak_queued,
            ),
            gauge(
                "peak_blocked",
                "the most workers parked in a wait at a time",
                peak_blocked,
            ),
            counter("completed", "jobs that returned", completed),
            counter(
                "cancelled",
                "jobs that never started, apart from those that `rejected` counts",
                cancelled,
            ),
            counter("panicked", "jobs that panicked", panicked),
            counter("rejected", "jobs that were not admitted", rejected),
        ];
        let timings = [
            timing(
                "queued_for",
                "the time from the admission to the start of a job",
                queued_for,
            ),
            timing(
                "ran_for",
                "the time from the start to the end of a job",
                ran_for,
            ),
        ];
        let all = counts.into_iter().chain(timings.into_iter().flatten());
        all.map(|(name, what, value)| Figure { name, what, value })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a program publishes a figure under the name of another one.
    #[test]
    fn each_figure_has_the_value_of_its_field() {
        let timing = |count| {
            Some(Timing {
                count,
                ..Timing::default()
            })
        };
        let metrics = Metrics {
            name: PoolName::default(),
            threads: 1,
            idle: 2,
            running: 3,
            blocked: 4,
            queued: 5,
            backlog: 6,
            completed: 7,
            cancelled: 8,
            panicked: 9,
            rejected: 10,
            peak_threads: 11,
            peak_queued: 12,
            peak_blocked: 13,
            queued_for: timing(14),
            ran_for: timing(15),
        };
        let mut figures: Vec<_> = metrics
            .figures()
            .into_iter()
            .map(|figure| {
                let value = match figure.value {
                    Value::Gauge(value) => value as u64,
                    Value::Counter(value) => value,
                    Value::Timing(timing) => timing.count,
                };
                (value, figure.name)
            })
            .collect();
        figures.sort_unstable();
        let names: Vec<_> = figures.iter().map(|(_, name)| *name).collect();
        assert_eq!(
            names,
            [
                "threads",
                "idle",
                "running",
                "blocked",
                "queued",
                "backlog",
                "completed",
                "cancelled",
                "panicked",
                "rejected",
                "peak_threads",
                "peak_queued",
                "peak_blocked",
                "queued_for",
                "ran_for"
            ]
        );
        assert!(figures.iter().map(|(value, _)| *value).eq(1..=15));
    }
}
