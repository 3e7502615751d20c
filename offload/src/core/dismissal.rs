//! Tells the callers of jobs that won't run.

use std::io;

use super::Core;
use crate::{
    job::{
        caught::{drop_caught, wake},
        runnable::{DeferredCleanup, Submitted},
    },
    schedule::state::Tally,
    vocabulary::error::OffloadError,
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
        let tell = self.jobs.iter().map(|Submitted { job, .. }| {
            let at = job.header().at;
            let pool = core.limits.name.clone();
            job.abandon(OffloadError::NoThread { at, error, pool })
        });
        core.dismiss(tell, |tally| &mut tally.cancelled);
    }
}

impl Core {
    /// Tells the callers of jobs, counts the jobs that had not begun, and cleans up after
    /// all of them. `tell` tells a caller with each item, and `count` selects the counter.
    pub(crate) fn dismiss(
        &self,
        tell: impl ExactSizeIterator<Item = DeferredCleanup>,
        count: Count,
    ) {
        settle(self.tell_and_count(tell, count));
    }

    /// Tells the callers of jobs, and counts the jobs that had not begun. Returns what to
    /// clean up after these jobs.
    ///
    /// Both happen under one lock. Otherwise a caller that looks just then could find its
    /// job missing from the metrics.
    pub(super) fn tell_and_count(
        &self,
        tell: impl ExactSizeIterator<Item = DeferredCleanup>,
        count: Count,
    ) -> Vec<DeferredCleanup> {
        // Usual case: a shutdown finds nobody to tell, and takes no lock.
        if tell.len() == 0 {
            return Vec::new();
        }
        let mut state = self.state();
        let cleanups: Vec<_> = tell.collect();
        *count(&mut state.tally) += unrun(&cleanups) as u64;
        cleanups
    }
}

/// Cleans up after jobs whose callers have been told: wakes the callers, drops what the
/// jobs left, and makes the reports.
///
/// Each step covers all jobs before the next step begins. A destructor of one job may
/// wait for another job, or for a caller that awaits another job.
pub(crate) fn settle(cleanups: Vec<DeferredCleanup>) {
    let (mut left, mut reports) = (Vec::new(), Vec::new());
    for cleanup in cleanups {
        wake(cleanup.waker);
        left.extend(cleanup.left);
        reports.extend(cleanup.report);
    }
    left.into_iter().for_each(drop_caught);
    for report in reports {
        report();
    }
}

/// Returns how many of these jobs had not begun. Only such a job leaves anything to drop.
pub(super) fn unrun(cleanups: &[DeferredCleanup]) -> usize {
    let left = cleanups.iter().filter(|cleanup| cleanup.left.is_some());
    left.count()
}
