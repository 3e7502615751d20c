//! Jobs that jobs of the pool have submitted, in a pool whose size nobody has set.
//!
//! A job at work may block, outside any wait, until a job that it has submitted has run. The pool
//! sees neither that the one blocks nor for what. But if it stands still, such jobs are the likely
//! cure. So they go before the others, the newest first, because older ones may block for newer
//! ones. At its limit the pool starts some of them beyond the permits: see `beyond_limit.rs`.

use super::State;
use crate::{job::runnable::Submitted, lineage::PoolId};

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

/// Returns whether this job descends from a job or a wait of `pool` that has not ended.
pub(super) fn descends_from_open(job: &Submitted, pool: PoolId) -> bool {
    job.lineage.frames().any(|frame| frame.is_open_in(pool))
}
