//! Threads that are parked in waits: the seats they take, the permits they give
//! back, and the jobs they are lent.

use std::sync::Arc;

use super::{Action, Phase, Seating, State};
use crate::{Lineage, lineage::Frame, lineage::Lane, park::Unparker, runnable::Submitted};

/// Where a thread is parked in a wait.
pub(super) struct Seat {
    frame: Arc<Frame>,
    unparker: Unparker,
    /// The thread's stack, as an index.
    stack: usize,
    /// Whether its stack has room for another job.
    roomy: bool,
    /// Whether the thread waits for the pool's own end, and will see it.
    ending: bool,
    lent: Option<Submitted>,
}

impl State {
    /// Parks the thread in a wait: its permit is free from here on.
    pub(crate) fn sit(
        &mut self,
        frame: &Arc<Frame>,
        unparker: &Unparker,
        stack: usize,
        roomy: bool,
    ) -> (Seating, Action) {
        let action = self.take_seat(frame, unparker, stack, roomy);
        (self.check_seat(frame), action)
    }

    /// The same for a thread that can't be refused.
    pub(crate) fn take_seat(
        &mut self,
        frame: &Arc<Frame>,
        unparker: &Unparker,
        stack: usize,
        roomy: bool,
    ) -> Action {
        self.running -= 1;
        self.seats.push(Seat {
            frame: Arc::clone(frame),
            unparker: unparker.clone(),
            stack,
            roomy,
            ending: false,
            lent: None,
        });
        self.barren = false;
        self.tally.peak_blocked = self.tally.peak_blocked.max(self.blocked());
        self.help()
    }

    /// Whether the thread may stay parked; if not, its seat is gone.
    fn check_seat(&mut self, frame: &Arc<Frame>) -> Seating {
        // One that waits for the end rises when nothing is left. So as long as
        // nothing is queued no wait is refused for its sake.
        let is_seen_to = || self.queue.ready() == 0 && self.seats.iter().any(|seat| seat.ending);
        if self.is_attended() || self.may_start() || is_seen_to() {
            return Seating::Seated;
        }
        let _nothing_lent = self.rise(frame);
        Seating::Exhausted
    }

    /// Notes that the thread which is parked in this wait waits for the pool's own
    /// end.
    pub(crate) fn awaits_end(&mut self, frame: &Arc<Frame>) {
        let seat = |seat: &&mut Seat| Arc::ptr_eq(&seat.frame, frame);
        if let Some(seat) = self.seats.iter_mut().find(seat) {
            seat.ending = true;
        }
    }

    /// Unparks the thread: it runs again, whatever the permits say, for it may
    /// hold a lock that others wait for. Gives the job that was lent to it.
    pub(crate) fn rise(&mut self, frame: &Arc<Frame>) -> Option<Submitted> {
        let at = self
            .seats
            .iter()
            .position(|seat| Arc::ptr_eq(&seat.frame, frame))?;
        let seat = self.seats.swap_remove(at);
        if seat.lent.is_none() {
            self.running += 1;
        }
        seat.lent
    }

    /// Takes back a job that was lent and will not be run by its lender. After
    /// the end nobody else would run it either: then the caller keeps it, to
    /// abandon it.
    pub(crate) fn give_back(&mut self, stack: usize, job: Submitted) -> Result<Action, Submitted> {
        self.stacks[stack].pop();
        // Its caller has withdrawn it, and has the closure or is about to.
        if job.header().is_cancelled() {
            return Ok(Action::Nothing);
        }
        if self.phase == Phase::Closed {
            return Err(job);
        }
        self.may_lend(&job);
        self.queue.put_back(Lane::Kin, job);
        Ok(self.help())
    }

    /// Threads parked in waits, lenders not counted.
    pub(super) fn blocked(&self) -> usize {
        self.seats.iter().filter(|seat| seat.lent.is_none()).count()
    }

    /// Whether the thread with this stack is in a wait that has parked it.
    pub(super) fn is_seated(&self, stack: usize) -> bool {
        self.seats.iter().any(|seat| seat.stack == stack)
    }

    /// Whether a thread lives that is not parked.
    pub(super) fn is_attended(&self) -> bool {
        // One that has been woken and hasn't risen yet is parked no longer.
        let asleep = |seat: &&Seat| seat.lent.is_none() && !seat.unparker.is_unparked();
        self.seats.iter().filter(asleep).count() < self.threads
    }

    /// Notes that this job has been queued.
    pub(super) fn may_lend(&mut self, job: &Submitted) {
        self.barren = self.barren && seat_for(&job.lineage, None, &self.seats).is_none();
    }

    /// Lends the first job that is a descendant of a parked wait to the innermost
    /// such wait that has room.
    pub(super) fn lend(&mut self) -> Option<Unparker> {
        let Self { queue, seats, .. } = self;
        if self.barren || !seats.iter().any(Seat::is_free) {
            return None;
        }
        let mut lender = None;
        // The wait that the last look was in vain for. Siblings stand together,
        // and those of a wait within behind them: neither need a look so far up.
        let mut vain = None;
        let job = queue.take_kin(|job| {
            let innermost = job.lineage.innermost();
            if innermost == vain {
                return false;
            }
            lender = seat_for(&job.lineage, vain, seats);
            if lender.is_none() {
                vain = innermost;
            }
            lender.is_some()
        });
        let Some((job, at)) = job.zip(lender) else {
            self.barren = true;
            return None;
        };
        let stack = self.seats[at].stack;
        self.begin(stack, &job.job);
        let seat = &mut self.seats[at];
        seat.lent = Some(job);
        Some(seat.unparker.clone())
    }
}

impl Seat {
    /// Whether a job can be lent to it.
    fn is_free(&self) -> bool {
        self.roomy && self.lent.is_none()
    }
}

/// The seat of the innermost wait in `lineage` that can take a job, looked for
/// up to the wait `vain`.
///
/// Only the wait on top of a thread's stack has a seat, so a job never lands
/// on a stack whose innermost wait it doesn't descend from.
fn seat_for(lineage: &Lineage, vain: Option<usize>, seats: &[Seat]) -> Option<usize> {
    let frames = lineage.frames();
    let mut near = frames.take_while(|frame| vain != Some(Arc::as_ptr(frame).addr()));
    near.find_map(|frame| {
        seats
            .iter()
            .position(|seat| Arc::ptr_eq(&seat.frame, &frame) && seat.is_free())
    })
}
