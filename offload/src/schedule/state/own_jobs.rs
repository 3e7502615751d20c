//! Jobs that jobs of the pool have submitted, in a pool whose size nobody has set.
//!
//! A job at work may block, outside any wait, until a job that it has submitted has run. The pool
//! sees neither that the one blocks nor for what. But if it stands still, such jobs are the likely
//! cure. So they go before the others, the newest first, because older ones may block for newer
//! ones. At its limit the pool starts some of them beyond the permits.
//!
//! The lineage of a job may be lost on the way, for example in a thread that another job starts and
//! joins. Then it came after the jobs that block for it. So if the pool stands still at its
//! limit for a second, it starts the newest of the unrelated jobs too.

use super::{
    Stack, State,
    growth::{MOST_BEYOND_LIMIT, SurplusFor},
};
use crate::{job::runnable::Submitted, lineage::PoolId, schedule::queue::Queue};

impl State {
    /// Puts the own jobs of the pool before all others, if the pool grows. A pool whose size
    /// somebody has set keeps the order.
    pub(super) fn put_own_jobs_first(&mut self) {
        if self.limits.grows {
            let (pool, since) = (self.pool, self.own_jobs_since);
            let is_own = |job: &Submitted| descends_from_open(job, pool);
            self.queue.promote_to_front(since, is_own);
            // A lineage never gains an open job, so the others need no second look.
            self.own_jobs_since = self.queue.unrelated_pushed();
        }
    }

    /// Returns whether every permit that a pool may add is taken, and no wait is parked. Then it
    /// grows on for its own jobs alone. A parked wait has the surplus for itself, because a
    /// descendant may block on what its parked job holds.
    pub(super) fn grows_only_for_own_jobs(&self) -> bool {
        self.limits.grows
            && self.parked_waits.is_empty()
            && !self.has_permit()
            && !self.growth.has_room(self.limits.max_threads)
    }

    /// Returns whether an own job of the pool is queued as a descendant.
    pub(super) fn holds_own_jobs(&self) -> bool {
        (self.queue).has_descendant(|job| descends_from_open(job, self.pool))
    }
}

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

/// Returns whether this job descends from a job or a wait of `pool` that has not ended.
pub(super) fn descends_from_open(job: &Submitted, pool: PoolId) -> bool {
    job.lineage.frames().any(|frame| frame.is_open_in(pool))
}
