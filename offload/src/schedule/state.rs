//! The pool's state. A transition makes each decision here, under one lock, and
//! returns what to do once the lock is released.
//!
//! `DESIGN.md` names the invariants. Every transition must keep the first, and [`State::help`]
//! restores it. In short: whenever the lock is free and a queued job may start, a worker is bound
//! to look at the queue, or a parked worker was lent a job, or neither can be had.
//!
//! This file has what every submission and every step of a worker goes through. The other
//! files have the rest:
//!
//! | file | transitions |
//! |---|---|
//! | `threads.rs`, `search.rs` | workers start, search, sleep and end |
//! | `parked_waits.rs`, `credit.rs` | workers park, are lent jobs, and give credit to descendants |
//! | `monitor.rs`, `growth.rs`, `own_jobs.rs`, `beyond_limit.rs` | the pool stands still |
//! | `ending.rs` | the pool ends |
//! | `permits.rs` | no transitions: how many jobs may run, and on how many workers |
//! | `long_jobs.rs` | no transitions: the running jobs whose workers do not come back soon |
//! | `tally.rs`, `snapshot.rs` | jobs start and end, and the pool is counted and reported |
//! | `stacks.rs`, `parked_wait.rs`, `steps.rs` | no transitions, but the types that they use |

mod beyond_limit;
mod credit;
mod ending;
mod growth;
mod long_jobs;
mod monitor;
mod own_jobs;
mod parked_wait;
mod parked_waits;
mod permits;
mod search;
mod snapshot;
mod stacks;
mod steps;
mod tally;
#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;
mod threads;

use std::{cell::Cell, sync::Arc, time::Instant};

use self::{
    credit::StartRight,
    ending::Drain,
    growth::Growth,
    long_jobs::LongJobs,
    parked_wait::ParkedWait,
    search::{Called, SearchState, Searcher},
    stacks::{Claimed, Stack},
};
use crate::{
    job::runnable::Submitted,
    lineage::{Frame, JobId, PoolId},
    platform::sync::{AtomicUsize, Padded, now},
    schedule::{
        expected_start::ExpectedStart,
        inbox::Inbox,
        limits::Limits,
        policy::Decision,
        queue::{Lane, Queue},
        stall::Stall,
    },
    thread::{clock::TimeSigns, park::Unparker},
    timing::{PoolClock, Recorder},
};

pub(crate) use self::{
    ending::ShutdownScope,
    monitor::Findings,
    parked_wait::ParkRequest,
    parked_waits::ParkEnd,
    snapshot::{SeenJob, SeenWait, Snapshot},
    steps::{Action, After, ParkDecision, Phase, Step},
    tally::Tally,
};

pub(crate) struct State {
    pub(crate) queue: Queue,
    pub(crate) phase: Phase,
    pool: PoolId,
    limits: Limits,
    /// The idle workers. The worker that went to sleep last comes last.
    idle: Vec<WorkerHandle>,
    /// The waits in which workers are parked. A wait whose worker was lent a job stays
    /// here until that worker has woken up.
    parked_waits: Vec<ParkedWait>,
    /// Whether no queued job can be lent to any parked worker.
    ///
    /// Cached, because computing it scans the queued descendants. Every transition
    /// that could make it false clears it.
    nothing_lendable: bool,
    /// Whether no queued job may start on credit. Cached for the same reason.
    nothing_on_credit: bool,
    /// The frame that has gained credit since a scan found that no queued job may start
    /// on credit. `None` if several frames have, or none has. If this frame has spent its
    /// credit again, the result of that scan holds once more, and no new scan is needed.
    gained: Option<Arc<Frame>>,
    /// The jobs of each worker.
    stacks: Vec<Stack>,
    free_stacks: Vec<usize>,
    /// The recorder of each stack, if the pool measures its jobs. A worker that gets a stack
    /// goes on with the histograms of the worker that had it before.
    pub(crate) recorders: Vec<Arc<Recorder>>,
    /// The number of workers, including the workers that are starting.
    threads: usize,
    /// The number of jobs that run and are not parked. Most of them have a permit.
    /// Some run on an account, or came back from a wait.
    running: usize,
    /// The worker that is searching.
    searcher: Option<Searcher>,
    /// The workers that a searching worker has called, until they look at the queue.
    called: Vec<Called>,
    /// The worker that spins: it looks at the queue all the time before it sleeps.
    spinner: Option<usize>,
    /// The number of claimed jobs that have ended, in any way.
    ended: u64,
    long_jobs: LongJobs,
    /// The permits that were added because the pool stood still or its jobs block.
    growth: Growth,
    /// The number of unrelated jobs that were pushed when own jobs were last put first.
    own_jobs_since: usize,
    /// The shutdowns that wait for jobs.
    drains: Vec<Arc<Drain>>,
    /// The jobs that have waited until a shutdown was over.
    excluded: Vec<JobId>,
    /// Whether a worker without a job ends at once, because the process exits.
    keeps_no_idle: bool,
    /// The time at which a worker last could not be started.
    start_failed: Option<Instant>,
    next_id: usize,
    pub(crate) signs: TimeSigns,
    pub(crate) stall: Stall,
    pub(crate) tally: Tally,
}

/// A worker that is idle, or may soon be: its number, and how to wake it.
pub(crate) struct WorkerHandle {
    pub(crate) id: usize,
    pub(crate) unparker: Unparker,
    /// Whether the worker would spin now before it sleeps.
    pub(crate) spins: Cell<bool>,
}

impl State {
    pub(crate) fn new(
        limits: Limits,
        ready: Arc<Padded<AtomicUsize>>,
        inbox: Arc<Padded<Inbox>>,
    ) -> Self {
        let clock = limits.timings.then(PoolClock::new);
        Self {
            pool: PoolId::of(&*inbox),
            queue: Queue::new(limits.queue_capacity, ready, inbox).measured_by(clock),
            phase: Phase::Open,
            limits,
            idle: Vec::new(),
            parked_waits: Vec::new(),
            nothing_lendable: false,
            nothing_on_credit: false,
            gained: None,
            stacks: Vec::new(),
            free_stacks: Vec::new(),
            recorders: Vec::new(),
            threads: 0,
            running: 0,
            searcher: None,
            called: Vec::new(),
            spinner: None,
            ended: 0,
            long_jobs: LongJobs::default(),
            growth: Growth::default(),
            own_jobs_since: 0,
            drains: Vec::new(),
            excluded: Vec::new(),
            keeps_no_idle: false,
            start_failed: None,
            next_id: 0,
            signs: TimeSigns::default(),
            stall: Stall::default(),
            tally: Tally::default(),
        }
    }

    /// Adds a job to the queue or to the backlog.
    pub(crate) fn push(&mut self, job: Submitted, lane: Lane) -> (ExpectedStart, Action) {
        let next = self.next_start();
        match lane {
            Lane::Descendants => self.note_queued_descendant(&job),
            Lane::Unrelated => {
                let before = self.queue.unrelated_pushed();
                job.header().set_unrelated_before(before);
                job.lineage.note_unrelated(self.pool, before);
            }
        }
        let queued = self.queue.push(lane, job);
        let start = match next {
            ExpectedStart::AtOnce if self.spinner.is_some() || self.running > 0 => next,
            _ => queued,
        };
        (start, self.help())
    }

    /// Returns when the next submitted job will be taken, if a worker is awake.
    fn next_start(&self) -> ExpectedStart {
        if self.queue.ready() == 0 {
            ExpectedStart::AtOnce
        } else {
            ExpectedStart::InTurn
        }
    }

    /// Restores the first invariant: finds a worker for a job that may start. If no
    /// worker can be had, it looks for a parked worker to lend the job to.
    pub(crate) fn help(&mut self) -> Action {
        if !self.needs_help() {
            self.start_monitor_if_stuck();
            return Action::Nothing;
        }
        if let Some(unparker) = self.call_sleeper() {
            self.signs.add();
            return Action::Wake(unparker);
        }
        if self.may_start() {
            let id = self.add_worker();
            self.begin_search(id, SearchState::Starting);
            return Action::Start(id);
        }
        let lender = self.lend();
        self.start_monitor_if_stuck();
        lender.map_or(Action::Nothing, Action::Wake)
    }

    /// Returns whether a queued job may start and no worker is bound to look at it.
    fn needs_help(&mut self) -> bool {
        !self.has_lookout()
            && ((self.has_permit() && self.queue.ready() > 0) || self.has_job_beyond_permits())
    }

    /// Returns what the worker whose stack is `stack` does next.
    pub(crate) fn next(&mut self, after: After, this_worker: &WorkerHandle, stack: usize) -> Step {
        if let After::Job(finish) = after {
            self.end(stack, finish);
            self.free_permit();
        }
        if self.spinner == Some(this_worker.id) {
            self.spinner = None;
        }
        if matches!(after, After::WakeUp | After::Probe { .. }) {
            self.note_look(this_worker.id);
            self.queue.close_inbox();
        } else if self.queue.ready() == 0 {
            self.queue.empty_inbox();
        }
        loop {
            if let Some(step) = self.choose(after, this_worker, stack) {
                return step;
            }
            // A job may have come into the inbox. Once this worker sleeps, perhaps
            // nobody is bound to look there.
            if !self.queue.close_inbox() {
                return self.sleep(this_worker, stack);
            }
        }
    }

    /// Returns what the worker does next, or `None` if it can go to sleep.
    fn choose(&mut self, after: After, this_worker: &WorkerHandle, stack: usize) -> Option<Step> {
        let searches = self.is_searching(this_worker.id);
        if self.phase == Phase::Stopped {
            return Some(self.retire(searches, stack));
        }
        if searches {
            self.mark_long_jobs(now());
        }
        let permit = self.has_permit();
        if permit
            && self.queue.ready() > 0
            && searches
            && let Some(step) = self.watch_or_call(after, this_worker)
        {
            return Some(step);
        }
        let taken = if permit {
            self.take_on_permit().map(|job| (job, StartRight::Permit))
        } else {
            self.take_beyond_permits()
        };
        if let Some((job, right)) = taken {
            if searches {
                self.pass_search_on();
            }
            self.begin(stack, &job, right);
            let action = self.hand_on();
            return Some(Step::Run { job, action });
        }
        if self.queue.ready() == 0 {
            self.stall.note_empty_queue();
        }
        // If jobs are left, the workers that have the permits run them.
        if self.phase == Phase::Draining {
            return Some(self.retire(searches, stack));
        }
        if permit
            && searches
            && after == After::WakeUp
            && let Decision::Watch(time) = self.decide()
        {
            self.watch(this_worker);
            return Some(Step::Watch(time));
        }
        let may_spin = matches!(after, After::Job(_)) && !self.keeps_no_idle;
        if may_spin && this_worker.spins.get() && self.spinner.is_none() && permit {
            self.spinner = Some(this_worker.id);
            if !self.growth.keeps_inbox_closed() {
                self.queue.open_inbox(self.next_start());
            }
            return Some(Step::Spin);
        }
        None
    }

    /// Takes a queued job for which a permit is free.
    ///
    /// After some descendants in a row it is the turn of an unrelated job. That takes its turn
    /// only if half of the permits are left to descendants then. An unrelated job may block on
    /// what a parked job holds, and then its permit helps nobody.
    #[inline]
    fn take_on_permit(&mut self) -> Option<Submitted> {
        if self.queue.take_turn_of_unrelated() && self.leaves_half_to_descendants() {
            self.queue.take_unrelated()
        } else {
            self.queue.take()
        }
    }

    /// Leaves the queue to other workers. Calls a worker if a job is left that may
    /// start. Opens the inbox if from now on a worker or the monitor is bound to look
    /// there.
    fn hand_on(&mut self) -> Action {
        if !self.may_use_inbox() {
            self.queue.close_inbox();
        }
        let action = self.help();
        if self.phase == Phase::Open && self.may_use_inbox() {
            self.queue.open_inbox(self.next_start());
        } else {
            self.queue.close_inbox();
        }
        action
    }

    /// Returns whether a submitter may leave a job in the inbox and call nobody. Starts
    /// the monitor if that depends on it.
    ///
    /// While every permit is taken, no unrelated job may start. A worker that ends its
    /// job collects the inbox, and a worker that parks closes it. A submitter that
    /// leaves a job there starts no monitor. So the monitor must run already, to notice
    /// if the pool stands still.
    fn may_use_inbox(&mut self) -> bool {
        if self.growth.keeps_inbox_closed() {
            return false;
        }
        if self.has_lookout() {
            return true;
        }
        if self.has_permit() {
            return false;
        }
        self.start_monitor();
        self.stall.has_monitor() || cfg!(bridge_loom)
    }

    /// Notes that one job less runs: it has ended or parked.
    fn free_permit(&mut self) {
        self.running -= 1;
    }
}
