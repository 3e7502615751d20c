//! Threads that are parked in waits: the seats they take, the permits they give
//! back, and the jobs they are lent.

use std::sync::Arc;

use super::{
    Action, ParkDecision, Phase, State,
    credit::{Right, adopting_wait, creditor},
};
use crate::{
    job::runnable::{Finish, Submitted},
    nesting::lineage::{Frame, Kind, Lane},
    thread::park::Unparker,
};

/// Where a thread is parked in a wait.
pub(super) struct ParkedWait {
    place: Place,
    /// Whether the thread waits for the pool's own end, and will see it.
    ending: bool,
    lent: Option<Submitted>,
    /// Whether the wait is told that nobody is left to run what it needs.
    refused: bool,
    /// How many waits had parked before, ever.
    after: u64,
}

/// What a thread finds when it leaves its seat.
#[derive(Default)]
pub(crate) struct ParkEnd {
    pub(crate) lent: Option<Submitted>,
    pub(crate) refused: bool,
}

/// A wait that is about to park.
#[derive(Clone)]
pub(crate) struct Place {
    /// The frame of the wait.
    pub(crate) frame: Arc<Frame>,
    /// The frame on whose account descendants start: that of the job, or of the
    /// wait if no job waits.
    pub(crate) account: Arc<Frame>,
    pub(crate) unparker: Unparker,
    /// The thread's stack, as an index.
    pub(crate) stack: usize,
    /// Whether the thread may be lent a job.
    pub(crate) lends: bool,
    /// Whether the thread can be told that the pool can do nothing for its wait. A
    /// thread that waits for the end of a pool can't.
    pub(crate) hears: bool,
}

impl State {
    /// Parks the thread in a wait: its permit is free from here on.
    pub(crate) fn begin_park(&mut self, place: Place) -> (ParkDecision, Action) {
        let frame = Arc::clone(&place.frame);
        let action = self.add_parked_wait(place);
        if self.is_hopeless() && !self.watch_hopeless() {
            let _nothing_lent = self.end_park(&frame);
            return (ParkDecision::Exhausted, action);
        }
        (ParkDecision::Park, action)
    }

    /// Parks the thread in a wait for the pool's own end.
    pub(crate) fn begin_park_for_end(&mut self, place: Place) -> (ParkDecision, Action) {
        let frame = Arc::clone(&place.frame);
        let action = self.add_parked_wait(place);
        if self.is_hopeless() {
            let _nothing_lent = self.end_park(&frame);
            return (ParkDecision::Exhausted, action);
        }
        if let Some(parked_wait) = self
            .parked_waits
            .iter_mut()
            .find(|parked_wait| parked_wait.is_of(&frame))
        {
            parked_wait.ending = true;
        }
        (ParkDecision::Park, action)
    }

    /// Like [`sit`](Self::sit), for a thread that can't be refused.
    pub(crate) fn add_parked_wait(&mut self, place: Place) -> Action {
        self.give_credit_back(place.stack);
        self.free_permit();
        self.growth.note_park();
        place.frame.set_wait_parked(true);
        place.account.set_parked(true);
        if !place.frame.is_in(&place.account) {
            // A wait within the scope of another lineage: what it submits does not
            // descend from the job.
            place.frame.set_parked(true);
        }
        self.note_credit(&place.account);
        self.note_credit(&place.frame);
        if let Some(since) = place.account.take_unrelated() {
            let Place { frame, account, .. } = &place;
            let depends = |job: &Submitted| {
                job.header().adopter() == frame.number() || job.lineage.contains(account)
            };
            if self.queue.promote(since, depends) {
                self.note_promoted();
            }
        }
        self.parked_waits.push(ParkedWait {
            place,
            ending: false,
            lent: None,
            refused: false,
            after: self.parks,
        });
        self.parks += 1;
        self.tally.peak_blocked = self.tally.peak_blocked.max(self.blocked());
        self.help()
    }

    /// Whether every thread is parked, none can be added, and nothing that is
    /// queued can be lent: the pool can do nothing for those who wait.
    pub(super) fn is_hopeless(&self) -> bool {
        // No job starts any more, and the callers of those that were queued are
        // being told so. One of them may be what a wait is for.
        if self.phase == Phase::Closed || self.is_attended() || self.may_start() {
            return false;
        }
        // One that waits for the end rises when nothing is left. So as long as
        // nothing is queued, no wait is refused because of it.
        let has_end = self
            .parked_waits
            .iter()
            .any(|parked_wait| parked_wait.ending);
        self.queue.ready() > 0 || !has_end
    }

    /// Tells one wait that the pool can do nothing for it: the one that parked last,
    /// which is the innermost where waits depend on each other.
    pub(super) fn refuse_one(&mut self) -> Option<Unparker> {
        let parked_waits = self
            .parked_waits
            .iter_mut()
            .filter(|parked_wait| parked_wait.can_be_told());
        let parked_wait = parked_waits.max_by_key(|parked_wait| parked_wait.after)?;
        parked_wait.refused = true;
        Some(parked_wait.place.unparker.clone())
    }

    /// Tells a wait that nobody is there to run what it depends on.
    pub(super) fn refuse_above_queued_job(&mut self) -> Option<Unparker> {
        let at = self.wait_above_queued_job()?;
        let parked_wait = &mut self.parked_waits[at];
        parked_wait.refused = true;
        Some(parked_wait.place.unparker.clone())
    }

    /// Unparks the thread: it runs again, whatever the permits say, for it may
    /// hold a lock that others wait for. Gives the job that was lent to it.
    pub(crate) fn end_park(&mut self, frame: &Arc<Frame>) -> ParkEnd {
        let Some(at) = self
            .parked_waits
            .iter()
            .position(|parked_wait| parked_wait.is_of(frame))
        else {
            return ParkEnd::default();
        };
        let ParkedWait {
            place,
            lent,
            refused,
            ..
        } = self.parked_waits.swap_remove(at);
        place.frame.set_wait_parked(false);
        if !Arc::ptr_eq(&place.frame, &place.account) {
            place.frame.set_parked(false);
        }
        if lent.is_none() {
            self.running += 1;
            place.account.set_parked(false);
        }
        ParkEnd { lent, refused }
    }

    /// The thread is done with a job that was lent to it, and back in its own.
    pub(crate) fn end_lent(&mut self, stack: usize, account: &Frame, finish: Finish) -> Action {
        self.end(stack, finish);
        account.set_parked(false);
        self.help()
    }

    /// Takes back a job that was lent and will not be run by its lender. After
    /// the end nobody else would run it either: then the caller keeps it, to
    /// abandon it.
    pub(crate) fn give_back(
        &mut self,
        stack: usize,
        account: &Frame,
        job: Submitted,
    ) -> Result<Action, Submitted> {
        self.give_credit_back(stack);
        self.stacks[stack].pop();
        account.set_parked(false);
        // Its caller has withdrawn it, and has the closure or is about to.
        if job.header().is_cancelled() {
            return Ok(Action::Nothing);
        }
        if self.phase == Phase::Closed {
            return Err(job);
        }
        self.note_queued_descendant(&job);
        self.queue.put_back(Lane::Descendants, job);
        Ok(self.help())
    }

    /// Threads parked in waits, lenders not counted.
    pub(super) fn blocked(&self) -> usize {
        self.parked_waits
            .iter()
            .filter(|parked_wait| parked_wait.lent.is_none())
            .count()
    }

    /// Whether the thread with this stack is in a wait that has parked it.
    pub(super) fn is_wait_parked(&self, stack: usize) -> bool {
        self.parked_waits
            .iter()
            .any(|parked_wait| parked_wait.place.stack == stack)
    }

    /// Whether a thread lives that is not parked.
    pub(super) fn is_attended(&self) -> bool {
        // One that has been woken and hasn't risen yet is parked no longer.
        let asleep = |parked_wait: &&ParkedWait| {
            parked_wait.lent.is_none() && !parked_wait.place.unparker.is_unparked()
        };
        self.parked_waits.iter().filter(asleep).count() < self.threads
    }

    /// Notes that this job is about to be queued.
    pub(super) fn note_lendable(&mut self, job: &Submitted) {
        if self.nothing_lendable && parked_wait_for(job, None, &self.parked_waits, false).is_some()
        {
            self.nothing_lendable = false;
        }
    }

    /// Lends the first job that is a descendant of a parked wait to the innermost
    /// such wait that has room. While no permit is free, the job runs on somebody's
    /// account.
    pub(super) fn lend(&mut self) -> Option<Unparker> {
        let has_permit = self.has_permit();
        let has_surplus = self.growth.surplus() > 0;
        let Self {
            queue,
            parked_waits,
            ..
        } = self;
        if self.nothing_lendable || !parked_waits.iter().any(ParkedWait::is_free) {
            return None;
        }
        let (mut lender, mut right) = (None, None);
        // The innermost frames of the last job for which no seat, and no account,
        // was found. Siblings stand together, and descendants of theirs behind
        // them: neither need a look further up than that.
        let (mut vain, mut seen, pool) = (None, None, self.pool);
        let job = queue.take_descendant(|job| {
            let innermost = job.lineage.innermost();
            if innermost == vain && job.header().adopter() == 0 {
                return false;
            }
            lender = parked_wait_for(job, vain, parked_waits, has_surplus);
            if lender.is_none() {
                vain = innermost;
                return false;
            }
            right = if has_permit {
                Some(Right::Permit)
            } else if let Some(credit) = creditor(job, parked_waits, pool, &mut seen) {
                Some(Right::Credit(credit))
            } else {
                has_surplus.then_some(Right::Surplus)
            };
            right.is_some()
        });
        let Some(((job, at), right)) = job.zip(lender).zip(right) else {
            self.nothing_lendable = true;
            return None;
        };
        let stack = self.parked_waits[at].place.stack;
        self.begin(stack, &job.job, right);
        let parked_wait = &mut self.parked_waits[at];
        parked_wait.lent = Some(job);
        Some(parked_wait.place.unparker.clone())
    }
}

impl ParkedWait {
    /// The number of the wait.
    pub(super) fn number(&self) -> usize {
        self.place.frame.number()
    }

    /// The frame on whose account descendants start.
    pub(super) fn account(&self) -> &Arc<Frame> {
        &self.place.account
    }

    fn is_of(&self, frame: &Arc<Frame>) -> bool {
        Arc::ptr_eq(&self.place.frame, frame)
    }

    /// Whether descendants start on the account of this frame while it is taken.
    pub(super) fn is_on(&self, frame: &Arc<Frame>) -> bool {
        Arc::ptr_eq(&self.place.account, frame) || self.is_of(frame)
    }

    /// Whether its wait can be told that the pool can do nothing for it.
    pub(super) fn can_be_told(&self) -> bool {
        self.place.hears && self.lent.is_none()
    }

    /// Whether a job can be lent to it.
    fn is_free(&self) -> bool {
        self.place.lends && self.lent.is_none()
    }
}

/// The seat of the innermost wait that depends on this job and can take it, looked
/// for up to the frame `vain`.
///
/// A job lands only on the stack of a wait whose future submitted it or polls for it,
/// and only the wait on top of a stack has a seat. Any other job might take a lock
/// that the frames below hold: an unrelated one, and also one that the job itself
/// submitted before this wait. The latter is lent all the same where the pool has stood
/// still for so long that there is a surplus: the wait may depend on it in a way that
/// the pool does not see.
fn parked_wait_for(
    job: &Submitted,
    vain: Option<usize>,
    parked_waits: &[ParkedWait],
    has_surplus: bool,
) -> Option<usize> {
    let adopting = adopting_wait(job, parked_waits);
    if adopting.is_some_and(|at| parked_waits[at].is_free()) {
        return adopting;
    }
    let frames = job.lineage.frames();
    let mut near = frames.take_while(|frame| vain != Some(Arc::as_ptr(frame).addr()));
    // The job of the last wait on the way up. What that wait's future submitted is no
    // job for a wait further up the same stack.
    let mut waiting = None;
    near.find_map(|frame| {
        let is_lender = match frame.kind() {
            Kind::Wait => {
                if !frame.is_over() {
                    waiting = Some(frame.job());
                }
                frame.is_wait_parked()
            }
            Kind::Job => has_surplus && frame.is_parked() && waiting != Some(frame.job()),
        };
        let is_its = |parked_wait: &ParkedWait| parked_wait.is_free() && parked_wait.is_on(&frame);
        is_lender
            .then(|| parked_waits.iter().position(is_its))
            .flatten()
    })
}
