//! The counts of a pool: the starts and ends of jobs, which of them are progress, and the metrics.

use std::sync::Arc;

use super::{
    State,
    credit::StartRight,
    stacks::{Claimed, Stack},
};
use crate::{
    job::{
        header::Finish,
        runnable::{Runnable, Submitted},
    },
    vocabulary::metrics::Metrics,
};

/// Counts that only grow, and the largest values so far.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) completed: u64,
    pub(crate) cancelled: u64,
    pub(crate) panicked: u64,
    pub(crate) rejected: u64,
    pub(super) peak_blocked: usize,
}

impl State {
    /// Returns whether the start or the end of a job may let a queued job start.
    ///
    /// Unrelated jobs and own jobs wait for a permit. So while some are queued, a job that runs
    /// beyond the permits makes no progress for them.
    /// The same holds while a pool grows only for its own jobs.
    pub(super) fn is_progress(&self, is_beyond: bool) -> bool {
        !is_beyond || (self.queue.queued_for_permits() == 0 && !self.grows_only_for_own_jobs())
    }

    /// Notes that the worker with this stack starts a job.
    pub(super) fn begin(&mut self, stack: usize, job: &Submitted, right: StartRight) {
        self.running += 1;
        let is_beyond = !matches!(right, StartRight::Permit);
        let is_beyond_limit = matches!(right, StartRight::Surplus) && self.growth.is_beyond_limit();
        let beyond_limit_since = is_beyond_limit.then(|| self.queue.unrelated_pushed());
        self.growth.note_start(self.is_progress(is_beyond));
        let credit = match right {
            StartRight::Permit => None,
            StartRight::Credit(credit) => {
                credit.spend();
                Some(credit)
            }
            StartRight::Surplus => {
                self.growth.use_surplus();
                None
            }
        };
        self.stacks[stack].push(Claimed {
            job: Arc::clone(&job.job),
            lineage: job.lineage.clone(),
            credit,
            is_beyond,
            beyond_limit_since,
            number: self.long_jobs.next(),
        });
    }

    /// Counts the end of the innermost job on this stack.
    pub(crate) fn end(&mut self, stack: usize, finish: Finish) {
        self.give_credit_back(stack);
        let claimed = self.stacks[stack].innermost();
        let is_beyond = claimed.is_some_and(|claimed| claimed.is_beyond);
        let was_beyond_limit = claimed.is_some_and(|claimed| claimed.beyond_limit_since.is_some());
        self.pop_job(stack);
        if was_beyond_limit {
            self.growth.give_surplus_back();
            // If no look comes, the inbox opens again with the last of these jobs.
            if !self.stall.has_monitor() && self.jobs_beyond_limit() == 0 {
                self.growth.start_over(false);
            }
        }
        self.ended += 1;
        self.growth.note_end(self.is_progress(is_beyond));
        match finish {
            Finish::Completed => self.tally.completed += 1,
            Finish::Panicked => self.tally.panicked += 1,
            Finish::Withdrawn => {}
        }
    }

    /// Returns the number of jobs that have run to an end. This includes jobs whose worker
    /// has not told the pool yet.
    pub(crate) fn finished(&self) -> u64 {
        self.finished_except(&[])
    }

    /// Returns the same number, without these jobs. The caller has found each of them on a
    /// stack under this lock, and not at its end.
    ///
    /// A worker shows the end of a job without the pool's lock. So a second look at such a
    /// job may give another answer than the first.
    pub(crate) fn finished_except(&self, unended: &[Arc<dyn Runnable>]) -> u64 {
        let jobs = self
            .stacks
            .iter()
            .flat_map(Stack::iter)
            .map(|claimed| &claimed.job);
        let shown = jobs
            .filter(|job| job.header().shown().is_some())
            .filter(|job| !unended.iter().any(|other| Arc::ptr_eq(other, job)))
            .count();
        self.tally.completed + self.tally.panicked + shown as u64
    }

    /// Returns the metrics without the timings, which are added up after the lock is
    /// released.
    pub(crate) fn metrics(&self) -> Metrics {
        let Tally {
            mut completed,
            cancelled,
            mut panicked,
            rejected,
            ..
        } = self.tally;
        let (mut running, mut busy) = (self.running, 0);
        for (at, stack) in self.stacks.iter().enumerate() {
            // A caller that has the result must find it counted, although the worker
            // may not have told the pool yet.
            let shown = stack
                .iter()
                .filter_map(|claimed| claimed.job.header().shown());
            let before = completed + panicked;
            for finish in shown {
                match finish {
                    Finish::Completed => completed += 1,
                    Finish::Panicked => panicked += 1,
                    Finish::Withdrawn => {}
                }
            }
            // The job's waker may wait in turn. Then the worker is parked, or runs a job
            // that it was lent, and is not done.
            let is_done =
                !stack.is_nested() && completed + panicked > before && !self.is_wait_parked(at);
            running -= usize::from(is_done);
            busy += usize::from(stack.innermost().is_some() && !is_done);
        }
        Metrics {
            name: self.limits.name.clone(),
            threads: self.threads,
            idle: self.threads - busy,
            running,
            blocked: self.blocked(),
            queued: self.queue.queued(),
            backlog: self.queue.backlog(),
            completed,
            cancelled,
            panicked,
            rejected,
            // A new stack is made only if each older one has a worker.
            peak_threads: self.stacks.len(),
            peak_queued: self.queue.peak(),
            peak_blocked: self.tally.peak_blocked,
            queued_for: None,
            ran_for: None,
        }
    }
}
