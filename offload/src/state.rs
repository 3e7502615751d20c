//! The pool's state: everything that is decided, is decided here, under one
//! lock, in transitions that return what is to be done once it is released.
//!
//! `DESIGN.md` names the invariants; the one that every transition below must
//! restore is the first: *while work is ready and a permit is free, a thread is
//! on call, or none can be had.* [`State::help`] restores it.

use std::{mem, sync::Arc, time::Instant};

use crate::{
    Lineage, Metrics,
    builder::Limits,
    job::{Finish, Runnable},
    lineage::Frame,
    park::Unparker,
    policy::{self, Duty, Sight},
    queue::{Admission, Lane, Queue},
    sync::{AtomicUsize, elapsed},
};

/// How long after a failed start no other is tried.
const START_AGAIN: std::time::Duration = std::time::Duration::from_millis(10);

pub(crate) struct State {
    pub(crate) queue: Queue,
    pub(crate) phase: Phase,
    limits: Limits,
    /// Threads that sleep without work, the latest to come last.
    idle: Vec<Berth>,
    /// Waits in which threads are parked, or lent.
    seats: Vec<Seat>,
    /// The jobs on each thread's stack, outermost first.
    stacks: Vec<Vec<Arc<dyn Runnable>>>,
    free_stacks: Vec<usize>,
    /// Threads that live, those being started included.
    threads: usize,
    /// Jobs that run unparked: permits taken.
    running: usize,
    /// The thread that is awake and bound to look at the queue.
    call: Option<Call>,
    /// Jobs that ended, one way or another.
    ended: u64,
    start_failed: Option<Instant>,
    next_id: usize,
    pub(crate) tally: Tally,
}

/// How far the pool's end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Jobs are taken.
    Open,
    /// No job is taken any more; those that were admitted run.
    Draining,
    /// No job starts any more.
    Closed,
}

/// Where an idle thread sleeps.
pub(crate) struct Berth {
    pub(crate) id: usize,
    pub(crate) unparker: Unparker,
}

/// Where a thread is parked in a wait.
struct Seat {
    frame: Arc<Frame>,
    unparker: Unparker,
    /// The thread's stack, as an index.
    stack: usize,
    /// Whether its stack has room for another job.
    roomy: bool,
    lent: Option<Arc<dyn Runnable>>,
}

/// Which thread is on call, since when, and what had ended by then.
#[derive(Clone, Copy)]
struct Call {
    owner: usize,
    alertness: Alertness,
    since: Instant,
    ended: u64,
    roots_taken: u64,
}

/// How soon the thread on call will look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alertness {
    /// It is being started, and may be held up by the start hook.
    Starting,
    /// It has been woken, or watches.
    Due,
    /// It is looking at this moment.
    Awake,
}

/// Counts that only grow, and peaks.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) completed: u64,
    pub(crate) cancelled: u64,
    pub(crate) panicked: u64,
    pub(crate) rejected: u64,
    peak_threads: usize,
    peak_queued: usize,
    peak_blocked: usize,
}

/// What is to be done after the lock is released.
#[must_use]
pub(crate) enum Action {
    Nothing,
    /// Wake this thread: an idle one that is now on call, or a lender.
    Wake(Unparker),
    /// Start the thread of this number, which is on call.
    Start(usize),
}

/// When a job that was pushed may be expected to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Prospect {
    /// A thread that is awake takes it at once.
    AtOnce,
    /// It is queued.
    InTurn,
    /// It waits for room in the queue first.
    InLine,
}

impl From<Admission> for Prospect {
    fn from(admission: Admission) -> Self {
        match admission {
            Admission::Queued => Self::InTurn,
            Admission::InLine => Self::InLine,
        }
    }
}

/// What a thread does next.
#[must_use]
pub(crate) enum Step {
    /// Run this job, after doing what is due for the others.
    Run(Arc<dyn Runnable>, Action),
    /// Let the others go on for this time.
    Watch(std::time::Duration),
    /// Look for work, awake, for a moment.
    Spin,
    /// Sleep until called.
    Sleep,
    /// End.
    Retire,
}

/// What a thread has done when it asks for its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// A job, which came out like this: its permit goes back.
    Job(Finish),
    /// Its start, its sleep or its watch.
    Call,
    /// A spin.
    Spin,
}

/// How a park ended that may not be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Seating {
    Seated,
    /// Every thread would be parked, and nothing that is queued can be lent.
    Exhausted,
}

impl State {
    pub(crate) fn new(limits: Limits, ready: Arc<AtomicUsize>) -> Self {
        Self {
            queue: Queue::new(limits.queue_capacity, ready),
            phase: Phase::Open,
            limits,
            idle: Vec::new(),
            seats: Vec::new(),
            stacks: Vec::new(),
            free_stacks: Vec::new(),
            threads: 0,
            running: 0,
            call: None,
            ended: 0,
            start_failed: None,
            next_id: 0,
            tally: Tally::default(),
        }
    }

    /// Takes a job in.
    pub(crate) fn push(&mut self, job: Arc<dyn Runnable>, lane: Lane) -> (Prospect, Action) {
        let alone = self.queue.ready() == 0 && self.running == 0;
        let admission = self.queue.push(lane, job);
        self.tally.peak_queued = self.tally.peak_queued.max(self.queue.queued());
        let prospect = if alone
            && self
                .call
                .is_some_and(|call| call.alertness == Alertness::Awake)
        {
            Prospect::AtOnce
        } else {
            Prospect::from(admission)
        };
        (prospect, self.help())
    }

    /// Restores the first invariant: sees to it that work which is ready has
    /// a thread on call, or failing that a lender.
    pub(crate) fn help(&mut self) -> Action {
        if !self.needs_help() {
            return Action::Nothing;
        }
        if let Some(berth) = self.idle.pop() {
            self.open_call(berth.id, Alertness::Due);
            return Action::Wake(berth.unparker);
        }
        if self.may_start() {
            self.threads += 1;
            self.tally.peak_threads = self.tally.peak_threads.max(self.threads);
            let id = self.next_id;
            self.next_id += 1;
            self.open_call(id, Alertness::Starting);
            return Action::Start(id);
        }
        self.lend().map_or(Action::Nothing, Action::Wake)
    }

    /// Whether work is ready that nobody is about to look at.
    fn needs_help(&self) -> bool {
        let on_call = self.call.is_some_and(|call| {
            // One that sleeps is sooner there than one that is being started.
            call.alertness != Alertness::Starting || self.idle.is_empty()
        });
        !on_call
            && self.running < self.limits.max_threads
            && self.queue.ready() > 0
            && self.phase != Phase::Closed
    }

    /// What the thread whose stack is `stack` does next.
    pub(crate) fn next(&mut self, after: After, berth: &Berth, stack: usize) -> Step {
        let from_job = if let After::Job(finish) = after {
            self.end(stack, finish);
            self.running -= 1;
            true
        } else {
            false
        };
        let on_call = self.call.is_some_and(|call| call.owner == berth.id);
        if self.phase == Phase::Closed {
            return self.retire(on_call, stack);
        }
        let permit = self.running < self.limits.max_threads;
        if permit && self.queue.ready() > 0 {
            if on_call && let Duty::Watch(time) = self.duty() {
                return Step::Watch(time);
            }
            if let Some(job) = self.queue.take() {
                if on_call {
                    self.call = None;
                }
                self.begin(stack, &job);
                return Step::Run(job, self.help());
            }
        }
        // If work is left, those who have the permits see to it.
        if self.phase == Phase::Draining {
            return self.retire(on_call, stack);
        }
        if permit
            && on_call
            && after == After::Call
            && let Duty::Watch(time) = self.duty()
        {
            return Step::Watch(time);
        }
        if from_job && self.call.is_none() && permit && !self.limits.spin.is_zero() {
            self.open_call(berth.id, Alertness::Awake);
            return Step::Spin;
        }
        if on_call {
            self.call = None;
        }
        self.idle.push(Berth {
            id: berth.id,
            unparker: berth.unparker.clone(),
        });
        Step::Sleep
    }

    /// Ends a thread that nobody called for the whole of its keep-alive; false
    /// if somebody has just done so.
    pub(crate) fn expire(&mut self, id: usize, stack: usize) -> bool {
        let Some(at) = self.idle.iter().position(|berth| berth.id == id) else {
            return false;
        };
        self.idle.remove(at);
        self.leave(stack);
        true
    }

    /// Counts the end of a job on this stack.
    pub(crate) fn end(&mut self, stack: usize, finish: Finish) {
        self.stacks[stack].pop();
        self.ended += 1;
        match finish {
            Finish::Completed => self.tally.completed += 1,
            Finish::Panicked => self.tally.panicked += 1,
            Finish::Withdrawn => {}
        }
    }

    /// A stack for a thread that starts.
    pub(crate) fn enter(&mut self) -> usize {
        self.free_stacks.pop().unwrap_or_else(|| {
            self.stacks.push(Vec::new());
            self.stacks.len() - 1
        })
    }

    /// The thread of this number could not be started. Gives a lender to be
    /// woken instead, or if nobody is there who will ever look, the jobs to be
    /// abandoned.
    pub(crate) fn start_failed(&mut self, id: usize) -> (Vec<Arc<dyn Runnable>>, Option<Unparker>) {
        self.threads -= 1;
        if self.call.is_some_and(|call| call.owner == id) {
            self.call = None;
        }
        self.start_failed = Some(Instant::now());
        if !self.needs_help() {
            return (Vec::new(), None);
        }
        // Not another start: that would go on for ever.
        let called = self.idle.pop().map(|berth| {
            self.open_call(berth.id, Alertness::Due);
            berth.unparker
        });
        let called = called.or_else(|| self.lend());
        if called.is_some() || self.is_attended() {
            return (Vec::new(), called);
        }
        (self.queue.drain(), None)
    }

    /// Parks the thread in a wait: its permit is free from here on.
    pub(crate) fn sit(
        &mut self,
        frame: &Arc<Frame>,
        unparker: &Unparker,
        stack: usize,
        roomy: bool,
    ) -> (Seating, Action) {
        self.running -= 1;
        self.seats.push(Seat {
            frame: Arc::clone(frame),
            unparker: unparker.clone(),
            stack,
            roomy,
            lent: None,
        });
        self.tally.peak_blocked = self.tally.peak_blocked.max(self.blocked());
        let action = self.help();
        (self.check_seat(frame), action)
    }

    /// Whether the thread may stay parked; if not, its seat is gone.
    fn check_seat(&mut self, frame: &Arc<Frame>) -> Seating {
        if self.is_attended() || self.may_start() {
            return Seating::Seated;
        }
        let _nothing_lent = self.rise(frame);
        Seating::Exhausted
    }

    /// Unparks the thread: it runs again, whatever the permits say, for it may
    /// hold a lock that others wait for. Gives the job that was lent to it.
    pub(crate) fn rise(&mut self, frame: &Arc<Frame>) -> Option<Arc<dyn Runnable>> {
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

    /// Takes back a job that was lent and will not be run by its lender.
    pub(crate) fn give_back(&mut self, stack: usize, job: Arc<dyn Runnable>) -> Action {
        self.stacks[stack].pop();
        self.queue.put_back(Lane::Kin, job);
        self.help()
    }

    /// Moves towards the end, never back.
    pub(crate) fn advance(&mut self, phase: Phase) -> Vec<Unparker> {
        self.phase = self.phase.max(phase);
        // Whoever sleeps has nothing to wait for. They end by themselves: no
        // longer among the idle, they find the phase when they look.
        let idle = mem::take(&mut self.idle);
        idle.into_iter().map(|berth| berth.unparker).collect()
    }

    /// Whether nothing runs, is parked or is queued.
    pub(crate) fn is_quiet(&self) -> bool {
        self.queue.ready() == 0 && self.jobs().next().is_none()
    }

    /// The jobs that threads have claimed.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Arc<dyn Runnable>> {
        self.stacks.iter().flatten()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let Tally {
            completed,
            cancelled,
            panicked,
            rejected,
            ..
        } = self.tally;
        Metrics {
            threads: self.threads,
            idle: self.threads - self.stacks.iter().filter(|stack| !stack.is_empty()).count(),
            running: self.running,
            blocked: self.blocked(),
            queued: self.queue.queued(),
            in_line: self.queue.in_line(),
            completed,
            cancelled,
            panicked,
            rejected,
            peak_threads: self.tally.peak_threads,
            peak_queued: self.tally.peak_queued,
            peak_blocked: self.tally.peak_blocked,
        }
    }

    /// Threads parked in waits, lenders not counted.
    fn blocked(&self) -> usize {
        self.seats.iter().filter(|seat| seat.lent.is_none()).count()
    }

    /// Whether a thread may be added: one for each permit, and one for each
    /// parked thread as far as the limit goes.
    fn may_start(&self) -> bool {
        let limit = self.limits.max_threads + self.blocked().min(self.limits.max_blocked_threads);
        // Where nobody is left who will look, it is tried at once.
        let failed = || {
            self.start_failed
                .is_some_and(|at| elapsed(at) < START_AGAIN)
        };
        self.threads < limit && !(self.is_attended() && failed())
    }

    /// Whether a thread lives that is not parked.
    fn is_attended(&self) -> bool {
        // One that has been woken and hasn't risen yet is parked no longer.
        let asleep = |seat: &&Seat| seat.lent.is_none() && !seat.unparker.is_unparked();
        self.seats.iter().filter(asleep).count() < self.threads
    }

    fn open_call(&mut self, owner: usize, alertness: Alertness) {
        self.call = Some(Call {
            owner,
            alertness,
            since: Instant::now(),
            ended: self.ended,
            roots_taken: self.queue.roots_taken(),
        });
    }

    /// What the thread on call is to do; its next look counts from here.
    fn duty(&mut self) -> Duty {
        let Some(call) = self.call else {
            return Duty::Rest;
        };
        let duty = policy::duty(Sight {
            ready: self.queue.ready(),
            running: self.running,
            ended: self.ended - call.ended,
            elapsed: elapsed(call.since),
            overtaken: self.queue.queued_roots() > 0
                && self.queue.roots_taken() == call.roots_taken,
        });
        if let Duty::Watch(_) = duty {
            self.open_call(call.owner, Alertness::Due);
        }
        duty
    }

    fn begin(&mut self, stack: usize, job: &Arc<dyn Runnable>) {
        self.running += 1;
        self.stacks[stack].push(Arc::clone(job));
    }

    /// Lends the first job that is a descendant of a parked wait to the
    /// innermost such wait that has room.
    fn lend(&mut self) -> Option<Unparker> {
        let Self { queue, seats, .. } = self;
        let mut lender = None;
        let job = queue.take_kin(|job| {
            lender = seat_for(&job.lineage(), seats);
            lender.is_some()
        });
        let (job, at) = job.zip(lender)?;
        let stack = self.seats[at].stack;
        self.begin(stack, &job);
        let seat = &mut self.seats[at];
        seat.lent = Some(job);
        Some(seat.unparker.clone())
    }

    fn retire(&mut self, on_call: bool, stack: usize) -> Step {
        if on_call {
            self.call = None;
        }
        self.leave(stack);
        Step::Retire
    }

    fn leave(&mut self, stack: usize) {
        self.threads -= 1;
        self.free_stacks.push(stack);
    }
}

/// The seat of the innermost wait in `lineage` that can take a job.
///
/// Only the wait on top of a thread's stack has a seat, so a job never lands
/// on a stack whose innermost wait it doesn't descend from.
fn seat_for(lineage: &Lineage, seats: &[Seat]) -> Option<usize> {
    lineage.frames().find_map(|frame| {
        seats
            .iter()
            .position(|seat| Arc::ptr_eq(&seat.frame, &frame) && seat.roomy && seat.lent.is_none())
    })
}
