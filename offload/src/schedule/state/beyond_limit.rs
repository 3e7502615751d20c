//! Jobs that start beyond the limit of a pool which grows, because it stands still there.
//!
//! All its jobs may block for jobs in the queue. These are its [own jobs](super::own_jobs), or jobs
//! whose lineage was lost on the way, for example in a thread that another job starts and joins.
//! Such jobs came after the ones that block for them. So if the pool stands still at its limit for
//! a second, it starts the newest of the unrelated jobs too.

use super::{
    Stack, State,
    growth::{MOST_BEYOND_LIMIT, SurplusFor},
    own_jobs::descends_from_open,
};
use crate::{job::runnable::Submitted, schedule::queue::Queue};

impl State {
    /// Returns whether a pool of which nobody set a limit can start no further job. Each worker
    /// has one, or each permit is taken and none can be added. If a descendant of a parked job is
    /// queued, the surplus is for that one.
    pub(super) fn is_at_its_limit(&self) -> bool {
        self.limits.grows
            && self.is_unlimited()
            && (self.is_full() || !(self.has_permit() || self.has_room_to_grow()))
            && !self.needs_surplus()
    }

    /// Returns whether jobs may start beyond the limit.
    pub(super) fn starts_beyond_limit(&self) -> bool {
        self.growth.is_beyond_limit() && self.growth.surplus() > 0
    }

    /// Returns the number of jobs that run beyond the limit.
    pub(super) fn jobs_beyond_limit(&self) -> usize {
        self.began_beyond_limit().count()
    }

    /// Returns whether a queued job may start beyond the limit.
    pub(super) fn has_job_beyond_limit(&mut self) -> bool {
        self.put_own_jobs_first();
        let (pool, floor) = (self.pool, self.floor_beyond_limit());
        let is_own = |job: &Submitted| descends_from_open(job, pool) && is_above(job, floor);
        if self.growth.surplus_for() == SurplusFor::OwnJobs {
            return self.queue.has_descendant(is_own);
        }
        let newest = self.queue.newest_unrelated();
        newest.is_some_and(|job| is_above(job, floor))
            || self.queue.has_descendant(|job| is_above(job, floor))
    }

    /// Takes the first job that may start beyond the limit: an own job, the newest of the
    /// unrelated jobs, or a job whose waits and jobs have ended.
    pub(super) fn take_job_beyond_limit(&mut self) -> Option<Submitted> {
        self.put_own_jobs_first();
        let (pool, floor) = (self.pool, self.floor_beyond_limit());
        let is_own = |job: &Submitted| descends_from_open(job, pool) && is_above(job, floor);
        let own = self.queue.take_descendant(is_own);
        if own.is_some() || self.growth.surplus_for() == SurplusFor::OwnJobs {
            return own;
        }
        let newest = self.queue.newest_unrelated();
        if newest.is_some_and(|job| is_above(job, floor)) {
            return self.queue.take_newest_unrelated();
        }
        self.queue.take_descendant(|job| is_above(job, floor))
    }

    /// Returns the number of unrelated jobs that must have been pushed before a job which starts
    /// beyond the limit.
    ///
    /// Half of the places are for any job. It may block in its turn, for a job that comes later.
    /// So the other half is for jobs that came after the last of them began. Each of these lets
    /// one go on, unless they block in a chain as long as the other half.
    fn floor_beyond_limit(&self) -> usize {
        if self.jobs_beyond_limit() < MOST_BEYOND_LIMIT / 2 {
            0
        } else {
            self.began_beyond_limit().max().unwrap_or_default()
        }
    }

    /// Returns the numbers of unrelated jobs that had been pushed when the jobs beyond the limit
    /// began.
    fn began_beyond_limit(&self) -> impl Iterator<Item = usize> {
        let claimed = self.stacks.iter().flat_map(Stack::iter);
        claimed.filter_map(|job| job.beyond_limit_since)
    }
}

/// Returns whether at least so many unrelated jobs were pushed before this one. A job that came as
/// a descendant does not know that, and counts as the newest.
fn is_above(job: &Submitted, floor: usize) -> bool {
    let before = job.header().unrelated_before();
    before >= floor || (before == 0 && Queue::came_as_descendant(job.header()))
}
