//! Descendants of parked jobs, which start without a permit.
//!
//! A parked job may hold the lock on which every running job blocks, and only
//! its descendants can release it. So each parked job has *credit*: while no permit
//! is free, one of its descendants may run on its account. The credit is spent from
//! the descendant's start until it ends or parks itself.
//!
//! A descendant that the job submitted before its wait, and that the wait does not
//! poll for, may itself block on what the job holds. So it does not keep back one
//! that the wait depends on: see [`Claim`].

use std::sync::Arc;

use super::{State, parked_waits::ParkedWait};
use crate::{
    job::runnable::Submitted,
    nesting::lineage::{Claim, Frame, Kind, PoolId},
};

/// What lets a job start.
pub(super) enum Right {
    /// A permit was free.
    Permit,
    /// A parked job lets it run on its account.
    Credit(Credit),
    /// The pool stood still, and the job descends from a parked one.
    Surplus,
}

/// On whose account a job runs.
pub(super) struct Credit {
    frame: Arc<Frame>,
    claim: Claim,
}

impl Credit {
    pub(super) fn spend(&self) {
        self.frame.spend(self.claim);
    }

    fn restore(&self) {
        self.frame.restore(self.claim);
    }

    /// Whether this is the credit of that frame.
    #[cfg(all(test, not(bridge_loom)))]
    pub(super) fn is_of(&self, frame: &Arc<Frame>) -> bool {
        Arc::ptr_eq(&self.frame, frame)
    }
}

impl State {
    /// Whether a queued job may start although no permit is free.
    pub(super) fn has_job_beyond_permits(&mut self) -> bool {
        if self.has_permit() || !self.queue.holds_descendants() {
            return false;
        }
        self.has_job_on_credit() || self.has_surplus_job()
    }

    /// Takes the first job that may start although no permit is free, with what lets
    /// it start.
    pub(super) fn take_beyond_permits(&mut self) -> Option<(Submitted, Right)> {
        if !self.queue.holds_descendants() {
            return None;
        }
        if !self.is_known_for_nothing() {
            let (pool, parked_waits, mut seen, mut credit) =
                (self.pool, &self.parked_waits, None, None);
            let job = self.queue.take_descendant(|job| {
                credit = creditor(job, parked_waits, pool, &mut seen);
                credit.is_some()
            });
            if let Some((job, credit)) = job.zip(credit) {
                return Some((job, Right::Credit(credit)));
            }
            self.nothing_on_credit = true;
        }
        let job = self.take_surplus_job()?;
        Some((job, Right::Surplus))
    }

    fn has_job_on_credit(&mut self) -> bool {
        if self.is_known_for_nothing() {
            return false;
        }
        let (pool, parked_waits, mut seen) = (self.pool, &self.parked_waits, None);
        let found = (self.queue)
            .has_descendant(|job| creditor(job, parked_waits, pool, &mut seen).is_some());
        self.nothing_on_credit = !found;
        found
    }

    /// The seat of a wait that is parked above a job which nobody is there to run.
    pub(super) fn wait_above_queued_job(&self) -> Option<usize> {
        let (pool, parked_waits, mut found) = (self.pool, &self.parked_waits, None);
        let has_permit = self.has_permit();
        // While another descendant runs on the account, that one may just be slow.
        let lacks_thread =
            |frame: &Frame| frame.has_any_credit() || (has_permit && frame.is_parked());
        let _has_one = self.queue.has_descendant(|job| {
            let adopting = adopting_wait(job, parked_waits).filter(|&at| {
                parked_waits[at].can_be_told() && lacks_thread(parked_waits[at].account())
            });
            let mut parked = (job.lineage.frames())
                .filter(|frame| frame.is_open_in(pool) && lacks_thread(frame));
            found = adopting.or_else(|| {
                parked.find_map(|frame| {
                    let is_its = |parked_wait: &ParkedWait| {
                        parked_wait.can_be_told() && parked_wait.is_on(&frame)
                    };
                    parked_waits.iter().position(is_its)
                })
            });
            found.is_some()
        });
        found
    }

    /// Gives the credit back on which the job on top of this stack runs.
    pub(super) fn give_credit_back(&mut self, stack: usize) {
        let claimed = self.stacks[stack].last_mut();
        if let Some(credit) = claimed.and_then(|claimed| claimed.credit.take()) {
            credit.restore();
            self.note_credit(&credit.frame);
        }
    }

    /// Whether no queued job may start beyond the permits, as far as is known without
    /// a look at them.
    fn is_known_for_nothing(&mut self) -> bool {
        if self
            .gained
            .take_if(|frame| !frame.has_any_credit())
            .is_some()
        {
            self.nothing_on_credit = true;
        }
        self.nothing_on_credit
    }

    /// Notes that this frame may have credit that had none.
    pub(super) fn note_credit(&mut self, frame: &Arc<Frame>) {
        self.nothing_lendable = false;
        let has_gained = |gained: &Arc<Frame>| Arc::ptr_eq(gained, frame);
        // After a look in vain the same frame may gain again: another claim comes back.
        let is_noted = !self.nothing_on_credit && self.gained.as_ref().is_some_and(has_gained);
        if !frame.has_any_credit() || is_noted {
            return;
        }
        self.gained = self.is_known_for_nothing().then(|| Arc::clone(frame));
        self.nothing_on_credit = false;
    }

    /// Notes that a descendant of a wait is about to be queued.
    pub(super) fn note_queued_descendant(&mut self, job: &Submitted) {
        let is_known = self.nothing_on_credit || self.gained.is_some();
        if is_known && creditor(job, &self.parked_waits, self.pool, &mut None).is_some() {
            self.nothing_on_credit = false;
            self.gained = None;
        }
        self.note_lendable(job);
    }

    fn has_surplus_job(&self) -> bool {
        let (pool, parked_waits) = (self.pool, &self.parked_waits);
        self.growth.surplus() > 0
            && (self.queue).has_descendant(|job| descends_from_parked(job, parked_waits, pool))
    }

    fn take_surplus_job(&mut self) -> Option<Submitted> {
        if self.growth.surplus() == 0 {
            return None;
        }
        let (pool, parked_waits) = (self.pool, &self.parked_waits);
        (self.queue).take_descendant(|job| descends_from_parked(job, parked_waits, pool))
    }
}

/// Whether a parked job is among the ancestors of this one, or polls for it.
fn descends_from_parked(job: &Submitted, parked_waits: &[ParkedWait], pool: PoolId) -> bool {
    let is_parked = |frame: Arc<Frame>| frame.is_open_in(pool) && frame.is_parked();
    job.lineage.frames().any(is_parked) || adopting_wait(job, parked_waits).is_some()
}

/// The seat of the wait that polls for this job, if it is parked.
pub(super) fn adopting_wait(job: &Submitted, parked_waits: &[ParkedWait]) -> Option<usize> {
    let adopter = job.header().adopter();
    if adopter == 0 {
        return None;
    }
    parked_waits
        .iter()
        .position(|parked_wait| parked_wait.number() == adopter)
}

/// The account on which a job may start: of the wait that polls for it, or of its
/// innermost parked ancestor that has credit for it.
///
/// `seen` is the innermost frame of the last job for which there was none. The
/// walk stops there: siblings stand side by side in the queue, and all frames
/// above have been looked at.
pub(super) fn creditor(
    job: &Submitted,
    parked_waits: &[ParkedWait],
    pool: PoolId,
    seen: &mut Option<usize>,
) -> Option<Credit> {
    if let Some(at) = adopting_wait(job, parked_waits) {
        let (frame, claim) = (parked_waits[at].account(), Claim::Awaited);
        if frame.has_credit(claim) {
            let frame = Arc::clone(frame);
            return Some(Credit { frame, claim });
        }
    }
    let innermost = job.lineage.innermost();
    if innermost.is_some() && innermost == *seen {
        return None;
    }
    // The job of the last wait on the way up, if that wait is open.
    let mut waiting = None;
    for frame in job.lineage.frames() {
        if *seen == Some(Arc::as_ptr(&frame).addr()) {
            break;
        }
        if !frame.is_open_in(pool) {
            continue;
        }
        let is_awaited = frame.kind() == Kind::Wait || waiting == Some(frame.job());
        let claim = if is_awaited {
            Claim::Awaited
        } else {
            Claim::Submitted
        };
        if frame.has_credit(claim) {
            return Some(Credit { frame, claim });
        }
        if frame.kind() == Kind::Wait {
            waiting = Some(frame.job());
        }
    }
    // Siblings that the job submitted outside of a wait have another claim than
    // those below them.
    let mut frames = job.lineage.frames();
    if frames
        .next()
        .is_some_and(|frame| frame.kind() == Kind::Wait)
    {
        *seen = innermost;
    }
    None
}
