//! Descendants of parked jobs, which start without a permit.
//!
//! A parked job may hold the lock on which every running job blocks, and only
//! its descendants can release it. So each parked job has a *credit* of one: while
//! no permit is free, one of its descendants may run on its account. The credit
//! is spent from the descendant's start until it ends or parks itself.

use std::sync::Arc;

use super::State;
use crate::{
    Lineage,
    lineage::{Frame, PoolId},
    runnable::Submitted,
};

impl State {
    /// Whether a queued job may start although no permit is free.
    pub(super) fn has_job_on_credit(&mut self) -> bool {
        if self.has_permit() || !self.queue.holds_kin() || self.is_known_for_nothing() {
            return false;
        }
        let pool = self.pool;
        let mut seen = None;
        let found = self
            .queue
            .has_kin(|job| creditor(&job.lineage, pool, &mut seen).is_some());
        self.nothing_on_credit = !found;
        found
    }

    /// Takes the first job that may start although no permit is free, and the
    /// frame on whose account it starts.
    pub(super) fn take_on_credit(&mut self) -> Option<(Submitted, Arc<Frame>)> {
        if !self.queue.holds_kin() || self.is_known_for_nothing() {
            return None;
        }
        let (pool, mut seen, mut credit) = (self.pool, None, None);
        let job = self.queue.take_kin(|job| {
            credit = creditor(&job.lineage, pool, &mut seen);
            credit.is_some()
        });
        self.nothing_on_credit = job.is_none();
        job.zip(credit)
    }

    /// Gives the credit back on which the job on top of this stack runs.
    pub(super) fn give_credit_back(&mut self, stack: usize) {
        let claimed = self.stacks[stack].last_mut();
        if let Some(frame) = claimed.and_then(|claimed| claimed.credit.take()) {
            frame.set_spent(false);
            self.note_credit(&frame);
        }
    }

    /// Whether no queued job may start beyond the permits, as far as is known without
    /// a look at them.
    fn is_known_for_nothing(&mut self) -> bool {
        if self.gained.take_if(|frame| !frame.has_credit()).is_some() {
            self.nothing_on_credit = true;
        }
        self.nothing_on_credit
    }

    /// Notes that this frame may have credit that had none.
    pub(super) fn note_credit(&mut self, frame: &Arc<Frame>) {
        self.nothing_lendable = false;
        if !frame.has_credit()
            || self
                .gained
                .as_ref()
                .is_some_and(|gained| Arc::ptr_eq(gained, frame))
        {
            return;
        }
        self.gained = self.is_known_for_nothing().then(|| Arc::clone(frame));
        self.nothing_on_credit = false;
    }

    /// Notes that jobs have come whose ancestors may have credit.
    pub(super) fn note_promoted(&mut self) {
        self.nothing_on_credit = false;
        self.gained = None;
        self.nothing_lendable = false;
    }

    /// Notes that a descendant of a wait is about to be queued.
    pub(super) fn note_queued_kin(&mut self, job: &Submitted) {
        let is_known = self.nothing_on_credit || self.gained.is_some();
        if is_known && creditor(&job.lineage, self.pool, &mut None).is_some() {
            self.nothing_on_credit = false;
            self.gained = None;
        }
        self.note_lendable(job);
    }
}

/// The innermost frame on whose account a job of this lineage may start.
///
/// `seen` is the innermost frame of the last job for which there was none. The
/// walk stops there: siblings stand side by side in the queue, and all frames
/// above have been looked at.
pub(super) fn creditor(
    lineage: &Lineage,
    pool: PoolId,
    seen: &mut Option<usize>,
) -> Option<Arc<Frame>> {
    let innermost = lineage.innermost();
    if innermost.is_some() && innermost == *seen {
        return None;
    }
    let found = lineage
        .frames()
        .take_while(|frame| *seen != Some(Arc::as_ptr(frame).addr()))
        .find(|frame| frame.is_open_in(pool) && frame.has_credit());
    if found.is_none() {
        *seen = innermost;
    }
    found
}
