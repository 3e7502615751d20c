//! Telling the callers of jobs that won't run.

use std::io;

use super::Core;
use crate::{
    OffloadError,
    job::{drop_caught, wake},
    runnable::{Submitted, Told},
    state::Tally,
};

/// Jobs that nobody is there to run.
#[derive(Default)]
#[must_use]
pub(crate) struct Orphans {
    pub(super) jobs: Vec<Submitted>,
    pub(super) error: Option<io::ErrorKind>,
}

impl Orphans {
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
        core.dismiss(told.collect(), |tally| &mut tally.cancelled);
    }
}

impl Core {
    /// Counts those of the jobs that had not begun, and does what is left for them.
    pub(crate) fn dismiss(&self, told: Vec<Told>, count: fn(&mut Tally) -> &mut u64) {
        let unrun = unrun(&told);
        if unrun > 0 {
            *count(&mut self.state().tally) += unrun as u64;
        }
        settle(told);
    }
}

/// Does what is left for jobs whose callers have been told: wakes these, and drops
/// what the jobs leave. Not job by job: a destructor of one may wait for another,
/// and for somebody who awaits another.
pub(crate) fn settle(told: Vec<Told>) {
    let parts = told.into_iter().map(|Told { waker, left }| (waker, left));
    let (wakers, left): (Vec<_>, Vec<_>) = parts.unzip();
    wakers.into_iter().for_each(wake);
    left.into_iter().for_each(drop_caught);
}

/// How many of these jobs had not begun.
pub(super) fn unrun(told: &[Told]) -> usize {
    told.iter().filter(|told| told.left.is_some()).count()
}
