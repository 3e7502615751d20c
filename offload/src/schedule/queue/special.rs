//! Jobs that leave the order of their lane: descendants that are taken out of turn, and unrelated
//! jobs that become descendants, because a job that waits or blocks may depend on them.

use std::{collections::VecDeque, sync::atomic::Ordering};

use super::{
    Lists, Queue, admit,
    list::{BACKLOG, DESCENDANT, OWN, QUEUE},
};
use crate::job::runnable::Submitted;

impl Queue {
    /// Takes the first of the descendants that `fits`.
    pub(crate) fn take_descendant(
        &mut self,
        mut fits: impl FnMut(&Submitted) -> bool,
    ) -> Option<Submitted> {
        let Lists { queue, backlog } = &mut self.descendants;
        let job = queue.pop_first_where(&mut fits).or_else(|| {
            let job = backlog.pop_first_where(&mut fits);
            admit(job.as_ref(), self.clock.as_ref());
            job
        })?;
        self.refill();
        Some(job)
    }

    /// Moves the unrelated jobs that `fit` to the lane of descendants, behind the jobs
    /// that are there. None of them is among the first `since` unrelated jobs that were
    /// pushed, so those are not looked at.
    pub(crate) fn promote(&mut self, since: usize, fits: impl Fn(&Submitted) -> bool) {
        let (queued, waiting) = self.take_unrelated_where(since, fits);
        mark(&queued, QUEUE | DESCENDANT);
        mark(&waiting, BACKLOG | DESCENDANT);
        self.descendants.queue.append(queued);
        self.descendants.backlog.append(waiting);
        // A worker may take descendants out of the backlog, but not unrelated jobs. So
        // the number of ready jobs may have grown.
        self.show();
    }

    /// Like [`promote`](Self::promote), but the jobs are the next ones to be taken. A job of the
    /// backlog is admitted, although there may be no room.
    pub(crate) fn promote_to_front(&mut self, since: usize, fits: impl Fn(&Submitted) -> bool) {
        let (mut first, waiting) = self.take_unrelated_where(since, fits);
        for job in &waiting {
            admit(Some(job), self.clock.as_ref());
        }
        first.extend(waiting);
        mark(&first, QUEUE | DESCENDANT | OWN);
        self.descendants.queue.prepend_own(first);
        self.show();
    }

    /// Returns the unrelated job that came last.
    pub(crate) fn newest_unrelated(&self) -> Option<&Submitted> {
        let Lists { queue, backlog } = &self.unrelated;
        backlog.newest().or_else(|| queue.newest())
    }

    /// Takes the unrelated job that came last.
    pub(crate) fn take_newest_unrelated(&mut self) -> Option<Submitted> {
        let Lists { queue, backlog } = &mut self.unrelated;
        let job = backlog.pop_newest();
        admit(job.as_ref(), self.clock.as_ref());
        let job = job.or_else(|| queue.pop_newest())?;
        self.unrelated_taken += 1;
        self.refill();
        Some(job)
    }

    /// Takes out the unrelated jobs that `fit`: those of the queue and those of the backlog.
    fn take_unrelated_where(
        &mut self,
        since: usize,
        fits: impl Fn(&Submitted) -> bool,
    ) -> (VecDeque<Submitted>, VecDeque<Submitted>) {
        let last = self.unrelated_pushed - since;
        let Lists { queue, backlog } = &mut self.unrelated;
        // The jobs of the backlog were pushed last.
        let of_backlog = last.min(backlog.jobs.len());
        let of_queue = (last - of_backlog).min(queue.jobs.len());
        let waiting = backlog.extract_last(of_backlog, &fits);
        (queue.extract_last(of_queue, &fits), waiting)
    }
}

/// Marks jobs with the list that they go to.
fn mark(jobs: &VecDeque<Submitted>, list: u8) {
    for job in jobs {
        job.header().list.store(list, Ordering::Relaxed);
    }
}
