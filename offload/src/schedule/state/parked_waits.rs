//! Workers that are parked in waits: the permits that they return, and the jobs that
//! they are lent.

use std::sync::Arc;

use super::{
    Action, ParkDecision, Phase, Snapshot, State,
    credit::{Kin, StartRight, adopting_wait, find_credit},
    parked_wait::{ParkRequest, ParkedWait, find},
};
use crate::{
    job::{header::Finish, runnable::Submitted},
    lineage::{Frame, Kind},
    schedule::queue::Lane,
    thread::park::Unparker,
};

/// The pool's message to a worker whose park ends.
#[derive(Default)]
pub(crate) struct ParkEnd {
    /// The job that was lent to the worker.
    pub(crate) lent: Option<Submitted>,
    /// Whether the wait is refused: the pool can do nothing for it.
    pub(crate) refused: bool,
    /// The state at this moment, if the wait is refused.
    pub(crate) snapshot: Option<Box<Snapshot>>,
}

impl State {
    /// Parks the worker in a wait, which frees its permit. If the pool can do nothing for
    /// this wait and there is no monitor, refuses the wait. Then nothing is left to do after
    /// the lock is released.
    pub(crate) fn begin_park(&mut self, request: ParkRequest) -> (ParkDecision, Action) {
        let frame = Arc::clone(&request.frame);
        let action = self.add_parked_wait(request);
        if self.is_hopeless() && !self.start_monitor_if_hopeless() {
            let _nothing_lent = self.end_park(&frame);
            return (ParkDecision::Exhausted, action);
        }
        (ParkDecision::Park, action)
    }

    /// Parks the worker in a wait for the end of this pool. Refuses the wait if the pool can
    /// do nothing for it.
    pub(crate) fn begin_park_for_end(&mut self, request: ParkRequest) -> (ParkDecision, Action) {
        let frame = Arc::clone(&request.frame);
        let action = self.add_parked_wait(request);
        if self.is_hopeless() {
            let _nothing_lent = self.end_park(&frame);
            return (ParkDecision::Exhausted, action);
        }
        if let Some(at) = find(&self.parked_waits, frame.number()) {
            self.parked_waits[at].is_for_end = true;
        }
        (ParkDecision::Park, action)
    }

    /// Like [`begin_park`](Self::begin_park), but never refuses the wait.
    pub(crate) fn add_parked_wait(&mut self, request: ParkRequest) -> Action {
        self.give_credit_back(request.stack);
        self.free_permit();
        self.note_parked(request.stack);
        self.growth.note_park();
        request.frame.set_parked(true);
        request.account.set_account_open(true);
        if !request.frame.is_in(&request.account) {
            // The wait is within the scope of another lineage. So the jobs that it
            // submits do not descend from the job of this worker, and the wait needs
            // an account of its own.
            request.frame.set_account_open(true);
        }
        self.note_credit(&request.account);
        self.note_credit(&request.frame);
        if let Some(since) = request.account.take_unrelated() {
            let ParkRequest { frame, account, .. } = &request;
            let depends = |job: &Submitted| {
                job.header().adopter() == frame.number() || job.lineage.contains(account)
            };
            self.queue.promote(since, depends);
        }
        self.growth.end_surplus_for_own_jobs();
        let number = request.frame.number();
        let at = self
            .parked_waits
            .partition_point(|other| other.number() < number);
        let parked_wait = ParkedWait {
            request,
            is_for_end: false,
            lent: None,
            refused: false,
        };
        self.parked_waits.insert(at, parked_wait);
        self.tally.peak_blocked = self.tally.peak_blocked.max(self.blocked());
        self.help()
    }

    /// Returns whether the pool can do nothing for its waits: every worker is parked,
    /// none can be added, and none was lent a job.
    pub(super) fn is_hopeless(&self) -> bool {
        // In a stopped pool no job starts any more, and the callers of queued jobs are
        // being told so. That may end a wait for such a job.
        // If a job may start beyond the limit, `help` has added a worker for it.
        let may_add = self.threads < self.most_workers();
        if self.phase == Phase::Stopped || self.has_unparked_worker() || may_add {
            return false;
        }
        // A worker that waits for the pool's end wakes up when no job is left. So as
        // long as nothing is queued, no wait is refused because of that worker.
        let has_end = self
            .parked_waits
            .iter()
            .any(|parked_wait| parked_wait.is_for_end);
        self.queue.ready() > 0 || !has_end
    }

    /// Ends the park of a worker, and returns the job that was lent to it.
    ///
    /// If none was lent, the worker's own job runs again, even if no permit is free,
    /// because it may hold a lock that others wait for.
    pub(crate) fn end_park(&mut self, frame: &Arc<Frame>) -> ParkEnd {
        let Some(at) = find(&self.parked_waits, frame.number()) else {
            return ParkEnd::default();
        };
        let is_refused = self.parked_waits[at].refused;
        let snapshot = is_refused.then(|| Box::new(self.snapshot()));
        let ParkedWait {
            request,
            lent,
            refused,
            ..
        } = self.parked_waits.remove(at);
        request.frame.set_parked(false);
        if !Arc::ptr_eq(&request.frame, &request.account) {
            request.frame.set_account_open(false);
        }
        if lent.is_none() {
            self.running += 1;
            self.note_back(request.stack);
            request.account.set_account_open(false);
        }
        ParkEnd {
            lent,
            refused,
            snapshot,
        }
    }

    /// Notes that a lent job has ended, and that its lender goes on with its own job.
    pub(crate) fn end_lent(&mut self, stack: usize, account: &Frame, finish: Finish) -> Action {
        self.end(stack, finish);
        self.note_back(stack);
        account.set_account_open(false);
        self.help()
    }

    /// Takes back a lent job that its lender will not run.
    ///
    /// Returns the job if no job starts any more. Then nobody else would run it either, so
    /// the lender must tell the job's caller.
    pub(crate) fn give_back(
        &mut self,
        stack: usize,
        account: &Frame,
        job: Submitted,
    ) -> Result<Action, Submitted> {
        self.give_credit_back(stack);
        self.pop_job(stack);
        self.note_back(stack);
        account.set_account_open(false);
        // The job's caller has withdrawn it, and has the closure or is about to take it. The
        // credit that it gives back may let another job start.
        if job.header().is_cancelled() {
            return Ok(self.help());
        }
        if self.phase == Phase::Stopped {
            return Err(job);
        }
        self.note_queued_descendant(&job);
        self.queue.put_back(Lane::Descendants, job);
        Ok(self.help())
    }

    /// Returns the number of workers that are parked in waits. Lenders do not count.
    pub(super) fn blocked(&self) -> usize {
        self.parked_waits
            .iter()
            .filter(|parked_wait| parked_wait.lent.is_none())
            .count()
    }

    /// Returns whether the worker with this stack is parked in a wait.
    pub(super) fn is_wait_parked(&self, stack: usize) -> bool {
        self.parked_waits
            .iter()
            .any(|parked_wait| parked_wait.request.stack == stack)
    }

    /// Returns whether any worker is not parked.
    pub(super) fn has_unparked_worker(&self) -> bool {
        self.asleep() < self.threads
    }

    /// Returns whether only one worker is not parked, and none is added for the queued jobs.
    pub(crate) fn has_one_unparked_worker(&mut self) -> bool {
        let may_run = self.has_permit() || self.has_job_beyond_permits();
        self.asleep() + 1 == self.threads && !(may_run && self.may_start())
    }

    /// Returns the number of parked workers that nobody has woken.
    fn asleep(&self) -> usize {
        // A worker that was woken and has not come back yet does not count as parked.
        let asleep = |parked_wait: &&ParkedWait| {
            parked_wait.lent.is_none() && !parked_wait.request.unparker.is_unparked()
        };
        self.parked_waits.iter().filter(asleep).count()
    }

    /// Clears the cached result if this job, which is about to be queued, can be lent.
    pub(super) fn note_lendable(&mut self, job: &Submitted) {
        if self.nothing_lendable && parked_wait_for(job, None, &self.parked_waits, false).is_some()
        {
            self.nothing_lendable = false;
        }
    }

    /// Lends the first queued job that descends from a parked wait to the innermost such
    /// wait whose worker can take it. Returns how to wake that worker.
    ///
    /// While no permit is free, the job runs on the account of a parked job, or uses the
    /// surplus.
    pub(super) fn lend(&mut self) -> Option<Unparker> {
        let has_permit = self.has_permit();
        let has_surplus = self.growth.surplus() > 0 && !self.growth.is_beyond_limit();
        let Self {
            queue,
            parked_waits,
            ..
        } = self;
        if self.nothing_lendable || !parked_waits.iter().any(ParkedWait::is_free) {
            return None;
        }
        let (mut lender, mut right) = (None, None);
        // The last job that has no lender, and the last that has no account. Its kin have none
        // either. The search for a later job need not go further up than its innermost frame,
        // because it would find nothing there. This often helps, because siblings stand
        // together in the queue, and their descendants behind them.
        let (mut no_lender, mut no_account) = (None::<Kin>, None);
        let pool = self.pool;
        let job = queue.take_descendant(|job| {
            let kin = Kin::of(job);
            if no_lender.as_ref().is_some_and(|last| last.includes(&kin)) {
                return false;
            }
            let stop = no_lender.as_ref().and_then(|last| last.innermost);
            lender = parked_wait_for(job, stop, parked_waits, has_surplus);
            if lender.is_none() {
                no_lender = Some(kin);
                return false;
            }
            right = if has_permit {
                Some(StartRight::Permit)
            } else if let Some(credit) = find_credit(job, parked_waits, pool, &mut no_account) {
                Some(StartRight::Credit(credit))
            } else {
                has_surplus.then_some(StartRight::Surplus)
            };
            right.is_some()
        });
        let Some(((job, at), right)) = job.zip(lender).zip(right) else {
            self.nothing_lendable = true;
            return None;
        };
        let stack = self.parked_waits[at].request.stack;
        self.begin(stack, &job, right);
        let parked_wait = &mut self.parked_waits[at];
        parked_wait.lent = Some(job);
        Some(parked_wait.request.unparker.clone())
    }
}

/// Returns the index of the innermost parked wait that depends on this job and whose
/// worker can take it. The search goes up the lineage as far as the frame `stop`.
///
/// A job is lent only to a wait whose future submitted the job or polls it, and only to
/// the innermost wait of a worker. Any other job might take a lock that the code further
/// down the same stack holds. So an unrelated job is not lent. A job that the waiting job
/// submitted before this wait is lent only while there is a surplus. The wait may depend
/// on such a job in a way that the pool does not see.
pub(super) fn parked_wait_for(
    job: &Submitted,
    stop: Option<usize>,
    parked_waits: &[ParkedWait],
    has_surplus: bool,
) -> Option<usize> {
    let adopting = adopting_wait(job, parked_waits);
    if adopting.is_some_and(|at| parked_waits[at].is_free()) {
        return adopting;
    }
    let frames = job.lineage.frames();
    let mut near = frames.take_while(|frame| stop != Some(Arc::as_ptr(frame).addr()));
    // The job of the last open wait that this walk has passed. The future of that wait
    // submitted the job to lend, which must not be lent to another wait of the same
    // waiting job.
    let mut waiting = None;
    near.find_map(|frame| {
        if frame.kind() == Kind::Wait {
            if !frame.is_over() {
                waiting = Some(frame.job());
            }
            let at = frame
                .is_parked()
                .then(|| find(parked_waits, frame.number()));
            return at.flatten().filter(|&at| parked_waits[at].is_free());
        }
        let lends = has_surplus && frame.is_account_open() && waiting != Some(frame.job());
        let is_its = |parked_wait: &ParkedWait| parked_wait.is_free() && parked_wait.is_on(&frame);
        lends
            .then(|| parked_waits.iter().position(is_its))
            .flatten()
    })
}
