//! Descendants of parked jobs, which start without a permit.
//!
//! A parked job may hold the lock on which every running job blocks, and only the
//! descendants of the parked job can release it. So each parked job has *credit*: while
//! no permit is free, a descendant may run on its account. The credit is spent from the
//! descendant's start until that descendant ends or parks.
//!
//! A descendant that the job submitted before its wait, and that the wait does not
//! poll, may itself block on what the job holds. So such a descendant does not keep back
//! a descendant that the wait depends on: see [`Relation`].

use std::sync::Arc;

use super::{
    State,
    parked_wait::{ParkedWait, find},
};
use crate::{
    job::runnable::Submitted,
    lineage::{Frame, Kind, PoolId, Relation},
};

/// The right by which a job starts.
pub(super) enum StartRight {
    /// A permit was free.
    Permit,
    /// The job runs on the account of a parked job.
    Credit(Credit),
    /// The pool has stood still, and this is one of the jobs that may end that: see
    /// [`SurplusFor`](super::growth::SurplusFor).
    Surplus,
}

/// The account on which a job runs, and its relation to the parked job.
pub(super) struct Credit {
    frame: Arc<Frame>,
    relation: Relation,
}

impl Credit {
    pub(super) fn spend(&self) {
        self.frame.spend(self.relation);
    }

    fn restore(&self) {
        self.frame.restore(self.relation);
    }

    /// Returns whether this is the credit of that frame.
    #[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
    pub(super) fn is_of(&self, frame: &Arc<Frame>) -> bool {
        Arc::ptr_eq(&self.frame, frame)
    }
}

impl State {
    /// Returns whether unrelated jobs would have at most half of the permits with one more of
    /// them.
    #[cold]
    pub(super) fn leaves_half_to_descendants(&self) -> bool {
        // That lane may hold own jobs, for which nobody is parked. At the limit they go first all
        // the same, because the jobs that have the permits may block for them.
        if self.has_room_to_grow() && self.parked_waits.is_empty() {
            return true;
        }
        let mut runs = vec![true; self.stacks.len()];
        for parked_wait in &self.parked_waits {
            runs[parked_wait.request.stack] = parked_wait.lent.is_some();
        }
        let running = self.stacks.iter().zip(runs).filter(|(_, runs)| *runs);
        let innermost = running.filter_map(|(stack, _)| stack.innermost());
        let unrelated = innermost.filter(|claimed| !claimed.lineage.is_waited_for_in(self.pool));
        2 * (unrelated.count() + 1) <= self.permits()
    }

    /// Returns whether a queued job descends from an open wait or a parked job, or a parked wait
    /// polls it.
    pub(super) fn holds_awaited_jobs(&self) -> bool {
        let (pool, parked_waits) = (self.pool, &self.parked_waits);
        self.queue.has_descendant(|job| {
            job.lineage.is_waited_for_in(pool) || adopting_wait(job, parked_waits).is_some()
        })
    }

    /// Returns whether no permit is free and a queued job may start beyond the permits.
    pub(super) fn has_job_beyond_permits(&mut self) -> bool {
        if self.has_permit() || !(self.queue.holds_descendants() || self.starts_beyond_limit()) {
            return false;
        }
        self.has_job_on_credit() || self.has_surplus_job()
    }

    /// Takes the first job that may start although no permit is free, together with the
    /// right to start it.
    pub(super) fn take_beyond_permits(&mut self) -> Option<(Submitted, StartRight)> {
        if !(self.queue.holds_descendants() || self.starts_beyond_limit()) {
            return None;
        }
        if !self.knows_nothing_on_credit() {
            let (pool, parked_waits, mut stop, mut credit) =
                (self.pool, &self.parked_waits, None, None);
            let job = self.queue.take_descendant(|job| {
                credit = find_credit(job, parked_waits, pool, &mut stop);
                credit.is_some()
            });
            if let Some((job, credit)) = job.zip(credit) {
                return Some((job, StartRight::Credit(credit)));
            }
            self.nothing_on_credit = true;
        }
        let job = self.take_surplus_job()?;
        Some((job, StartRight::Surplus))
    }

    /// Returns whether a queued job may start on credit, and caches that there is none.
    fn has_job_on_credit(&mut self) -> bool {
        if self.knows_nothing_on_credit() {
            return false;
        }
        let (pool, parked_waits, mut stop) = (self.pool, &self.parked_waits, None);
        let found = (self.queue)
            .has_descendant(|job| find_credit(job, parked_waits, pool, &mut stop).is_some());
        self.nothing_on_credit = !found;
        found
    }

    /// Gives back the credit on which the innermost job of this stack runs.
    pub(super) fn give_credit_back(&mut self, stack: usize) {
        let claimed = self.stacks[stack].innermost_mut();
        if let Some(credit) = claimed.and_then(|claimed| claimed.credit.take()) {
            credit.restore();
            self.note_credit(&credit.frame);
        }
    }

    /// Returns whether it is known, without a scan, that no queued job may start on
    /// credit.
    fn knows_nothing_on_credit(&mut self) -> bool {
        if self
            .gained
            .take_if(|frame| !frame.has_any_credit())
            .is_some()
        {
            self.nothing_on_credit = true;
        }
        self.nothing_on_credit
    }

    /// Notes that this frame may have gained credit.
    pub(super) fn note_credit(&mut self, frame: &Arc<Frame>) {
        self.nothing_lendable = false;
        let has_gained = |gained: &Arc<Frame>| Arc::ptr_eq(gained, frame);
        // If a scan has found nothing since this frame was noted, the frame is noted
        // once more, because another of its claims may have come back.
        let is_noted = !self.nothing_on_credit && self.gained.as_ref().is_some_and(has_gained);
        if !frame.has_any_credit() || is_noted {
            return;
        }
        self.gained = self.knows_nothing_on_credit().then(|| Arc::clone(frame));
        self.nothing_on_credit = false;
    }

    /// Notes that this descendant is about to be queued. Clears the cached results if it
    /// may start on credit, or can be lent.
    pub(super) fn note_queued_descendant(&mut self, job: &Submitted) {
        let is_known = self.nothing_on_credit || self.gained.is_some();
        if is_known && find_credit(job, &self.parked_waits, self.pool, &mut None).is_some() {
            self.nothing_on_credit = false;
            self.gained = None;
        }
        self.note_lendable(job);
    }

    /// Returns whether a surplus may let a descendant of a parked job start.
    pub(super) fn needs_surplus(&self) -> bool {
        let (pool, parked_waits) = (self.pool, &self.parked_waits);
        (self.queue).has_descendant(|job| descends_from_parked(job, parked_waits, pool))
    }

    /// Returns whether a queued job may start as surplus.
    fn has_surplus_job(&mut self) -> bool {
        if self.growth.surplus() == 0 {
            return false;
        }
        if self.growth.is_beyond_limit() {
            return self.has_job_beyond_limit();
        }
        self.needs_surplus()
    }

    /// Takes the first job that may start as surplus.
    fn take_surplus_job(&mut self) -> Option<Submitted> {
        if self.growth.surplus() == 0 {
            return None;
        }
        if self.growth.is_beyond_limit() {
            return self.take_job_beyond_limit();
        }
        let (pool, parked_waits) = (self.pool, &self.parked_waits);
        (self.queue).take_descendant(|job| descends_from_parked(job, parked_waits, pool))
    }
}

/// Returns whether this job descends from a parked job, or whether a parked wait polls
/// it.
fn descends_from_parked(job: &Submitted, parked_waits: &[ParkedWait], pool: PoolId) -> bool {
    let is_parked = |frame: Arc<Frame>| frame.is_open_in(pool) && frame.is_account_open();
    job.lineage.frames().any(is_parked) || adopting_wait(job, parked_waits).is_some()
}

/// Returns the index of the wait that polls this job, if that wait is parked.
pub(super) fn adopting_wait(job: &Submitted, parked_waits: &[ParkedWait]) -> Option<usize> {
    let adopter = job.header().adopter();
    if adopter == 0 {
        return None;
    }
    find(parked_waits, adopter)
}

/// The facts about a job that decide on which accounts it may start, and to which waits it can be
/// lent.
pub(super) struct Kin {
    /// The address of the innermost frame of its lineage.
    pub(super) innermost: Option<usize>,
    /// The number of the wait that polls it, or zero.
    adopter: usize,
}

impl Kin {
    pub(super) fn of(job: &Submitted) -> Self {
        Self {
            innermost: job.lineage.innermost(),
            adopter: job.header().adopter(),
        }
    }

    /// Returns whether a job of this kin has what the `other` one has.
    pub(super) fn includes(&self, other: &Self) -> bool {
        self.innermost == other.innermost && (other.adopter == 0 || self.adopter == other.adopter)
    }
}

/// Returns the account on which a job may start: the account of the wait that polls it,
/// or of its innermost parked ancestor that has credit for it.
///
/// `last` is the kin of the last job that had no account. Its kin have none either. The walk up
/// the lineage stops at its innermost frame, because that job's walk has looked at all frames above.
/// This often helps, because siblings stand side by side in the queue.
pub(super) fn find_credit(
    job: &Submitted,
    parked_waits: &[ParkedWait],
    pool: PoolId,
    last: &mut Option<Kin>,
) -> Option<Credit> {
    let kin = Kin::of(job);
    if last.as_ref().is_some_and(|last| last.includes(&kin)) {
        return None;
    }
    let stop = last.as_ref().and_then(|last| last.innermost);
    if let Some(at) = adopting_wait(job, parked_waits) {
        let (frame, relation) = (parked_waits[at].account(), Relation::Awaited);
        if frame.has_credit(relation) {
            let frame = Arc::clone(frame);
            return Some(Credit { frame, relation });
        }
    }
    if kin.innermost.is_some() && kin.innermost == stop {
        return None;
    }
    // The job of the last open wait that this walk has passed. That wait depends on the
    // job to start, which is `Awaited` on the waiting job's account.
    let mut waiting = None;
    for frame in job.lineage.frames() {
        if stop == Some(Arc::as_ptr(&frame).addr()) {
            break;
        }
        if !frame.is_open_in(pool) {
            continue;
        }
        let is_awaited = frame.kind() == Kind::Wait || waiting == Some(frame.job());
        let relation = if is_awaited {
            Relation::Awaited
        } else {
            Relation::Submitted
        };
        if frame.has_credit(relation) {
            return Some(Credit { frame, relation });
        }
        if frame.kind() == Kind::Wait {
            waiting = Some(frame.job());
        }
    }
    // Only a walk that begins at a wait sets `last`. A walk that begins at the frame of a
    // job claims there as `Submitted`. A later walk may come to the same frame from a
    // wait of that job, and claims there as `Awaited`, which may succeed.
    let mut frames = job.lineage.frames();
    if frames
        .next()
        .is_some_and(|frame| frame.kind() == Kind::Wait)
    {
        *last = Some(kin);
    }
    None
}
