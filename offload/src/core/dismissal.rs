//! Tells the callers of jobs that won't run.

use std::io;

use super::Core;
use crate::{
    OffloadError,
    job::{
        drop_caught,
        runnable::{DeferredCleanup, Submitted},
        wake,
    },
    schedule::state::Tally,
};

/// Selects the counter of a group of jobs.
type Count = fn(&mut Tally) -> &mut u64;

/// Jobs that nobody is there to run.
#[derive(Default)]
#[must_use]
pub(crate) struct AbandonedJobs {
    pub(super) jobs: Vec<Submitted>,
    pub(super) error: Option<io::ErrorKind>,
}

impl AbandonedJobs {
    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Tells the callers of these jobs that no worker could be started.
    pub(crate) fn abandon(self, core: &Core) {
        let Some(error) = self.error else { return };
        let told = self.jobs.iter().map(|Submitted { job, .. }| {
            let at = job.header().at;
            let pool = core.limits.name.clone();
            job.abandon(OffloadError::NoThread { at, error, pool })
        });
        core.dismiss(told, |tally| &mut tally.cancelled);
    }
}

impl Core {
    /// Tells the callers of jobs, counts the jobs that had not begun, and cleans up after
    /// all of them.
    pub(crate) fn dismiss(
        &self,
        told: impl ExactSizeIterator<Item = DeferredCleanup>,
        count: Count,
    ) {
        settle(self.tell_and_count(told, count));
    }

    /// Tells the callers of jobs, and counts the jobs that had not begun. Iterating over
    /// `told` is what tells the callers.
    ///
    /// Both happen under one lock. Otherwise a caller that looks just then could find its
    /// job missing from the metrics.
    pub(super) fn tell_and_count(
        &self,
        told: impl ExactSizeIterator<Item = DeferredCleanup>,
        count: Count,
    ) -> Vec<DeferredCleanup> {
        // Usual case: a shutdown finds nobody to tell, and takes no lock.
        if told.len() == 0 {
            return Vec::new();
        }
        let mut state = self.state();
        let told: Vec<_> = told.collect();
        *count(&mut state.tally) += unrun(&told) as u64;
        told
    }
}

/// Cleans up after jobs whose callers have been told: wakes the callers, drops what the
/// jobs leave, and makes the reports.
///
/// Each step covers all jobs before the next step begins. A destructor of one job may
/// wait for another job, or for a caller that awaits another job.
pub(crate) fn settle(told: Vec<DeferredCleanup>) {
    let (mut left, mut reports) = (Vec::new(), Vec::new());
    for job in told {
        wake(job.waker);
        left.extend(job.left);
        reports.extend(job.report);
    }
    left.into_iter().for_each(drop_caught);
    for report in reports {
        report();
    }
}

/// Returns how many of these jobs had not begun. Only such a job leaves anything to drop.
pub(super) fn unrun(told: &[DeferredCleanup]) -> usize {
    told.iter().filter(|told| told.left.is_some()).count()
}
