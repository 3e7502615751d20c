//! The pool's state. Every decision is made here, under one lock, by a
//! transition that returns what to do once the lock is released.
//!
//! `DESIGN.md` names the invariants. Every transition below must restore the
//! first: *while a queued job may start, a thread is on call, or none can be
//! had.* [`State::help`] restores it.

mod credit;
mod ending;
mod growth;
mod parked_waits;
mod search;
mod steps;
mod tally;
mod threads;

use std::{cell::Cell, sync::Arc, time::Instant};

use self::{
    credit::{Credit, Right},
    growth::Growth,
    parked_waits::ParkedWait,
    search::{SearchState, Searcher},
};
use crate::{
    job::runnable::{Runnable, Submitted},
    nesting::lineage::{Frame, JobId, Lane, PoolId},
    platform::sync::{AtomicUsize, Padded},
    pool::limits::Limits,
    schedule::{
        inbox::{Inbox, Pickup},
        policy::Decision,
        queue::Queue,
        stall::Stall,
    },
    thread::park::Unparker,
};

pub(crate) use self::{
    ending::ShutdownScope,
    growth::Findings,
    parked_waits::{ParkEnd, Place},
    steps::{Action, After, ParkDecision, Phase, Prospect, Step},
    tally::Tally,
};

pub(crate) struct State {
    pub(crate) queue: Queue,
    pub(crate) phase: Phase,
    pool: PoolId,
    limits: Limits,
    /// Threads that sleep without work, the latest to come last.
    idle: Vec<IdleThread>,
    /// Waits in which threads are parked, or lent.
    parked_waits: Vec<ParkedWait>,
    /// Whether no queued job could be lent to any parked thread.
    ///
    /// Cached, because computing it scans the queued descendants. Whatever could
    /// make it false clears it.
    nothing_lendable: bool,
    /// Whether no queued job may start beyond the permits. Cached likewise.
    nothing_on_credit: bool,
    /// The frame that alone has gained credit since no queued job could start beyond
    /// the permits. While it has none, no such job can, so nobody needs to look.
    gained: Option<Arc<Frame>>,
    /// The jobs on each thread's stack, outermost first.
    stacks: Vec<Vec<Claimed>>,
    free_stacks: Vec<usize>,
    /// Threads that live, those being started included.
    threads: usize,
    /// Waits that have parked, ever.
    parks: u64,
    /// Jobs that run unparked: permits taken.
    running: usize,
    /// The thread that is bound to look at the queue, soon.
    searcher: Option<Searcher>,
    /// The thread that looks at the queue all the time, before it sleeps.
    spinner: Option<usize>,
    /// Jobs that ended, one way or another.
    ended: u64,
    /// Permits beyond those that the pool was built with.
    growth: Growth,
    /// Jobs that wait, or have waited, for a shutdown.
    excluded: Vec<JobId>,
    start_failed: Option<Instant>,
    next_id: usize,
    pub(crate) stall: Stall,
    pub(crate) tally: Tally,
}

/// A job that a thread has claimed.
pub(crate) struct Claimed {
    pub(crate) job: Arc<dyn Runnable>,
    /// On whose account it runs, if it started beyond the permits.
    credit: Option<Credit>,
    /// Whether it started beyond the permits.
    is_beyond: bool,
}

/// Where an idle thread sleeps.
pub(crate) struct IdleThread {
    pub(crate) id: usize,
    pub(crate) unparker: Unparker,
    /// Whether the thread would spin now, rather than sleep.
    pub(crate) spins: Cell<bool>,
}

impl State {
    pub(crate) fn new(
        limits: Limits,
        ready: Arc<Padded<AtomicUsize>>,
        inbox: Arc<Padded<Inbox>>,
    ) -> Self {
        Self {
            pool: PoolId::of(&*inbox),
            queue: Queue::new(limits.queue_capacity, ready, inbox),
            phase: Phase::Open,
            limits,
            idle: Vec::new(),
            parked_waits: Vec::new(),
            nothing_lendable: false,
            nothing_on_credit: false,
            gained: None,
            stacks: Vec::new(),
            free_stacks: Vec::new(),
            threads: 0,
            parks: 0,
            running: 0,
            searcher: None,
            spinner: None,
            ended: 0,
            growth: Growth::default(),
            excluded: Vec::new(),
            start_failed: None,
            next_id: 0,
            stall: Stall::default(),
            tally: Tally::default(),
        }
    }

    /// Takes a job in.
    pub(crate) fn push(&mut self, job: Submitted, lane: Lane) -> (Prospect, Action) {
        let next = self.next_pickup();
        match lane {
            Lane::Descendants => self.note_queued_descendant(&job),
            Lane::Unrelated => {
                let before = self.queue.unrelated_pushed();
                job.header().set_before(before);
                job.lineage.note_unrelated(self.pool, before);
            }
        }
        let admission = self.queue.push(lane, job);
        let prospect = match next {
            Pickup::AtOnce if self.spinner.is_some() || self.running > 0 => Prospect::AtOnce,
            _ => Prospect::from(admission),
        };
        (prospect, self.help())
    }

    /// When the next that is submitted will be taken, if somebody is awake.
    fn next_pickup(&self) -> Pickup {
        if self.queue.ready() == 0 {
            Pickup::AtOnce
        } else {
            Pickup::InTurn
        }
    }

    /// Restores the first invariant: finds a thread for a job that may start, or
    /// failing that a lender.
    pub(crate) fn help(&mut self) -> Action {
        if !self.needs_help() {
            self.note_stuck();
            return Action::Nothing;
        }
        if let Some(unparker) = self.call_sleeper() {
            return Action::Wake(unparker);
        }
        if self.may_start() {
            self.threads += 1;
            self.tally.peak_threads = self.tally.peak_threads.max(self.threads);
            let id = self.next_id;
            self.next_id += 1;
            self.begin_search(id, SearchState::Starting);
            return Action::Start(id);
        }
        let lender = self.lend();
        self.note_stuck();
        lender.map_or(Action::Nothing, Action::Wake)
    }

    /// Whether a job may start that nobody is about to look at.
    fn needs_help(&mut self) -> bool {
        self.phase != Phase::Closed
            && !self.has_lookout()
            && ((self.has_permit() && self.queue.ready() > 0) || self.has_job_beyond_permits())
    }

    /// Whether any job may start.
    fn has_permit(&self) -> bool {
        self.running < self.permits()
    }

    /// How many jobs may run unparked. Descendants of parked jobs may exceed it.
    fn permits(&self) -> usize {
        self.limits.max_threads + self.growth.permits()
    }

    /// What the thread whose stack is `stack` does next.
    pub(crate) fn next(&mut self, after: After, this_thread: &IdleThread, stack: usize) -> Step {
        if let After::Job(finish) = after {
            self.end(stack, finish);
            self.free_permit();
        }
        if self.spinner == Some(this_thread.id) {
            self.spinner = None;
        }
        if after == After::WakeUp {
            self.queue.close_inbox();
        } else if self.queue.ready() == 0 {
            self.queue.empty_inbox();
        }
        loop {
            if let Some(step) = self.choose(after, this_thread, stack) {
                return step;
            }
            // With this thread asleep, nobody might be bound to look.
            if !self.queue.close_inbox() {
                return self.sleep(this_thread);
            }
        }
    }

    /// What there is to do for a thread, if anything.
    fn choose(&mut self, after: After, this_thread: &IdleThread, stack: usize) -> Option<Step> {
        let searches = self.is_searching(this_thread.id);
        if self.phase == Phase::Closed {
            return Some(self.retire(searches, stack));
        }
        let permit = self.has_permit();
        if permit
            && self.queue.ready() > 0
            && searches
            && let Decision::Watch(time) = self.decide()
        {
            self.watch(this_thread);
            return Some(Step::Watch(time));
        }
        if let Some((job, right)) = self.take() {
            if searches {
                self.searcher = None;
            }
            self.begin(stack, &job.job, right);
            let action = self.hand_on();
            return Some(Step::Run { job, action });
        }
        if self.queue.ready() == 0 {
            self.stall.end();
        }
        // If work is left, those who have the permits see to it.
        if self.phase == Phase::Draining {
            return Some(self.retire(searches, stack));
        }
        if permit
            && searches
            && after == After::WakeUp
            && let Decision::Watch(time) = self.decide()
        {
            self.watch(this_thread);
            return Some(Step::Watch(time));
        }
        let from_job = matches!(after, After::Job(_));
        if from_job && this_thread.spins.get() && self.spinner.is_none() && permit {
            self.spinner = Some(this_thread.id);
            self.queue.open_inbox(self.next_pickup());
            return Some(Step::Spin);
        }
        None
    }

    /// Takes the job that is due, with what lets it start.
    fn take(&mut self) -> Option<(Submitted, Right)> {
        if self.has_permit() {
            return Some((self.queue.take()?, Right::Permit));
        }
        self.take_beyond_permits()
    }

    /// Leaves the queue to others: sees to it that somebody looks at what is left
    /// in it and in the inbox, which is open as long as somebody does.
    fn hand_on(&mut self) -> Action {
        if !self.is_looked_after() {
            self.queue.close_inbox();
        }
        let action = self.help();
        if self.phase == Phase::Open && self.is_looked_after() {
            self.queue.open_inbox(self.next_pickup());
        } else {
            self.queue.close_inbox();
        }
        action
    }

    /// Whether a job that is left in the inbox needs nobody to be called.
    ///
    /// While every permit is taken, no root may start. A thread that ends its job
    /// collects the inbox, and one that parks closes it. Whoever leaves a job tells
    /// nobody, so the monitor must look whether the pool stands still.
    fn is_looked_after(&mut self) -> bool {
        if self.has_lookout() {
            return true;
        }
        if self.has_permit() {
            return false;
        }
        self.start_monitor();
        self.stall.has_monitor() || cfg!(bridge_loom)
    }

    fn begin(&mut self, stack: usize, job: &Arc<dyn Runnable>, right: Right) {
        self.running += 1;
        let is_beyond = !matches!(right, Right::Permit);
        self.growth.note_start(self.is_progress(is_beyond));
        let credit = match right {
            Right::Permit => None,
            Right::Credit(credit) => {
                credit.spend();
                Some(credit)
            }
            Right::Surplus => {
                self.growth.use_surplus();
                None
            }
        };
        self.stacks[stack].push(Claimed {
            job: Arc::clone(job),
            credit,
            is_beyond,
        });
    }

    /// Whether the start or the end of a job may let a queued job start. Where roots
    /// are queued, they have nothing of a job that runs beyond the permits.
    fn is_progress(&self, is_beyond: bool) -> bool {
        !is_beyond || self.queue.queued_unrelated() == 0
    }

    /// Counts a job out of those that run.
    fn free_permit(&mut self) {
        if !self.has_permit() {
            // A lender that needs a permit may have one now.
            self.nothing_lendable = false;
        }
        self.running -= 1;
    }
}
