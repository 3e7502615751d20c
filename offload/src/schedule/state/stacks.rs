//! The jobs that a worker has claimed and not ended: the innermost one, and the parked jobs
//! around it.

use std::sync::Arc;

use super::credit::Credit;
use crate::{job::runnable::Runnable, lineage::Lineage, platform::sleep_probe::SleepProbe};

/// A job that a worker has claimed.
pub(crate) struct Claimed {
    pub(crate) job: Arc<dyn Runnable>,
    /// The jobs and waits that it descends from, for reports.
    pub(super) lineage: Lineage,
    /// The account on which the job runs, if it started on credit.
    pub(super) credit: Option<Credit>,
    /// Whether the job started beyond the permits.
    pub(super) is_beyond: bool,
    /// If the job runs beyond the limit of a pool that grows: the number of unrelated jobs that
    /// were pushed before it began.
    pub(super) beyond_limit_since: Option<usize>,
    /// Says when the job began to run, or to run again. See [`long_jobs`](super::long_jobs).
    pub(super) number: u64,
}

/// The jobs of one worker.
///
/// Most workers have one job, and take the next as soon as it ends. So the innermost job has a
/// place of its own, which is written without a copy.
#[derive(Default)]
pub(crate) struct Stack {
    innermost: Option<Claimed>,
    /// The parked jobs around the innermost one, outermost first.
    outer: Vec<Claimed>,
    /// Tells whether the worker's thread sleeps.
    pub(super) probe: Option<SleepProbe>,
}

impl Stack {
    /// Adds the innermost job.
    #[inline]
    pub(super) fn push(&mut self, claimed: Claimed) {
        if let Some(parked) = self.innermost.replace(claimed) {
            self.outer.push(parked);
        }
    }

    /// Takes the innermost job off. Returns its number.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<u64> {
        let number = self.innermost.as_ref().map(|job| job.number);
        self.innermost = self.outer.pop();
        number
    }

    /// Returns the innermost job.
    pub(crate) fn innermost(&self) -> Option<&Claimed> {
        self.innermost.as_ref()
    }

    /// Returns the innermost job, to change it.
    pub(super) fn innermost_mut(&mut self) -> Option<&mut Claimed> {
        self.innermost.as_mut()
    }

    /// Returns whether jobs are parked around the innermost one.
    pub(super) fn is_nested(&self) -> bool {
        !self.outer.is_empty()
    }

    /// Returns the jobs, outermost first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Claimed> {
        self.outer.iter().chain(&self.innermost)
    }
}
