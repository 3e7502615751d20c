//! Copies what a report needs from the state: its workers, jobs and waits.
//!
//! The copy is made under the pool's lock, and holds references to jobs and frames. All
//! else is done after the lock is released.

use std::{panic::Location, sync::Arc, time::Instant};

use super::{Claimed, State, parked_wait::ParkedWait};
use crate::{
    job::runnable::{Runnable, Submitted},
    lineage::{Frame, Lineage},
    schedule::queue::Queue,
    timing::Stamp,
    vocabulary::metrics::Metrics,
};

/// The most queued jobs that a copy holds. A longer queue would hold the workers up.
const MOST: usize = 10_000;

/// The state of a pool at one moment.
pub(crate) struct Snapshot {
    pub(crate) metrics: Metrics,
    pub(crate) permits: usize,
    /// Whether the last start of a worker failed.
    pub(crate) lacks_threads: bool,
    /// The jobs on each worker's stack, outermost first. A worker that has none is idle.
    pub(crate) stacks: Vec<(usize, Vec<SeenJob>)>,
    /// The jobs that no worker has taken. In each lane the queue comes before the backlog.
    pub(crate) queued: Vec<SeenJob>,
    pub(crate) parked: Vec<SeenWait>,
    /// The number of queued jobs that are left out.
    pub(crate) omitted: usize,
}

/// A job at that moment.
pub(crate) struct SeenJob {
    pub(crate) job: Arc<dyn Runnable>,
    /// The lineage of the job. Its innermost frame was not over at that moment.
    pub(crate) lineage: Lineage,
    /// Whether the job's caller waits for room in the queue.
    pub(crate) is_in_backlog: bool,
    /// When a queued job was admitted. A job that has begun does not know that any more.
    pub(crate) admitted: Stamp,
}

/// A wait in which a worker was parked at that moment.
pub(crate) struct SeenWait {
    pub(crate) frame: Arc<Frame>,
    pub(crate) stack: usize,
    pub(crate) since: Instant,
    /// Whether the worker was lent a job, and is about to run it.
    pub(crate) is_lender: bool,
}

impl State {
    /// Copies the state for a report.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let listed = self.queue.submitted();
        let queued: Vec<_> = listed.map(SeenJob::queued).take(MOST).collect();
        let ready_and_backlog = self.queue.queued() + self.queue.backlog();
        Snapshot {
            metrics: self.metrics(),
            permits: self.permits(),
            lacks_threads: self.start_failed.is_some(),
            stacks: self
                .stacks
                .iter()
                .enumerate()
                .filter(|(stack, _)| !self.free_stacks.contains(stack))
                .map(|(stack, jobs)| (stack, jobs.iter().map(SeenJob::claimed).collect()))
                .collect(),
            omitted: ready_and_backlog.saturating_sub(queued.len()),
            queued,
            parked: self.parked_waits.iter().map(SeenWait::of).collect(),
        }
    }
}

impl SeenJob {
    fn claimed(claimed: &Claimed) -> Self {
        Self {
            job: Arc::clone(&claimed.job),
            lineage: claimed.lineage.clone().living(),
            is_in_backlog: false,
            admitted: Stamp::default(),
        }
    }

    fn queued(submitted: &Submitted) -> Self {
        Self {
            is_in_backlog: Queue::is_in_backlog(submitted.header()),
            admitted: submitted.header().admitted(),
            job: Arc::clone(&submitted.job),
            lineage: submitted.lineage.clone().living(),
        }
    }
}

impl SeenWait {
    fn of(parked_wait: &ParkedWait) -> Self {
        Self {
            frame: Arc::clone(&parked_wait.request.frame),
            stack: parked_wait.request.stack,
            since: parked_wait.request.since,
            is_lender: parked_wait.lent.is_some(),
        }
    }

    pub(crate) fn at(&self) -> Option<&'static Location<'static>> {
        self.frame.at()
    }
}
