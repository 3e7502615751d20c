//! Telling the callers of jobs that won't run.

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

/// Where jobs are counted.
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

    /// Tells their callers.
    pub(crate) fn abandon(self, core: &Core) {
        let Some(error) = self.error else { return };
        let told = self.jobs.iter().map(|Submitted { job, .. }| {
            let at = job.header().at;
            job.abandon(OffloadError::NoThread { at, error })
        });
        core.dismiss(told, |tally| &mut tally.cancelled);
    }
}

impl Core {
    /// Tells the callers of jobs, counts those that had not begun, and does what is
    /// left for them.
    pub(crate) fn dismiss(
        &self,
        told: impl ExactSizeIterator<Item = DeferredCleanup>,
        count: Count,
    ) {
        settle(self.tell_and_count(told, count));
    }

    /// Tells the callers of jobs, which `told` does as it goes, and counts those that
    /// had not begun: under one lock, for a caller may look just then, and must not
    /// find its job uncounted.
    pub(super) fn tell_and_count(
        &self,
        told: impl ExactSizeIterator<Item = DeferredCleanup>,
        count: Count,
    ) -> Vec<DeferredCleanup> {
        // A fork's child has nothing to tell, and must not ask for the lock.
        if told.len() == 0 {
            return Vec::new();
        }
        let mut state = self.state();
        let told: Vec<_> = told.collect();
        *count(&mut state.tally) += unrun(&told) as u64;
        told
    }
}

/// Does what is left for jobs whose callers have been told: wakes these, and drops
/// what the jobs leave. Not job by job: a destructor of one may wait for another,
/// and for somebody who awaits another.
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

/// How many of these jobs had not begun.
pub(super) fn unrun(told: &[DeferredCleanup]) -> usize {
    told.iter().filter(|told| told.left.is_some()).count()
}
