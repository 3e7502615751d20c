//! How many jobs may run, and how many workers the pool may have for them.

use super::State;

impl State {
    /// Returns whether a permit is free, so that any job may start.
    ///
    /// If all workers of a pool of which nobody set a limit have a job, the permits of the parked
    /// ones are for jobs that a wait needs. Otherwise a worker beyond the limit would take the next
    /// job that blocks as the others do.
    pub(super) fn has_permit(&self) -> bool {
        self.running < self.permits()
            && (self.threads < self.most_workers()
                || !self.is_unlimited()
                || !self.is_full()
                || self.holds_awaited_jobs())
    }

    /// Returns whether as many workers have a job as the pool may have workers.
    pub(super) fn is_full(&self) -> bool {
        self.running + self.blocked() >= self.most_workers()
    }

    /// Returns the number of permits. Descendants of parked jobs may run beyond it.
    pub(super) fn permits(&self) -> usize {
        self.limits.max_threads + self.growth.permits()
    }

    /// Returns how many workers the pool may have, without those beyond the limit of a pool that
    /// grows.
    pub(super) fn most_workers(&self) -> usize {
        if self.parked_waits.is_empty() {
            self.permits()
        } else {
            let added = self.permits() + self.limits.max_blocked_threads;
            added.max(self.limits.most_while_parked)
        }
    }
}
