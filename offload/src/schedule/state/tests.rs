//! Checks the state alone, without workers, in random orders of transitions. After each
//! transition the first invariant must hold, and the cached results must be true.

mod random;

mod accounts;
mod beyond;
mod growing;
mod hopeless;
mod lent;
mod long_jobs;
mod newest;
mod own_jobs;
mod patience;
mod signs;
mod starts;

use std::{cell::Cell, mem, panic::Location, time::Duration};

use self::random::Random;
use super::{credit::find_credit, parked_waits::parked_wait_for, *};
use crate::{
    Bare, Config, Lineage,
    job::{Job, header::Finish, runnable::Runnable},
    lineage::Kind,
    schedule::policy::{LoadSample, WATCH},
    thread::park::Parker,
};

/// A worker of the pool, as the state sees it.
struct Thread {
    entry: WorkerHandle,
    stack: usize,
    /// The lineage of the job that the worker runs; the job's own frame is the innermost.
    job: Option<Lineage>,
    /// The frame of the wait in which the worker is parked.
    wait: Option<Arc<Frame>>,
    /// Whether a job may be lent to that wait.
    lends: bool,
    /// Whether the last check found that the worker had been lent a job.
    is_lender: bool,
    /// The job that was lent to the worker, once the worker has taken it.
    lent: Option<Submitted>,
}

/// A pool without real threads: each step is one transition of its state.
struct Model {
    state: State,
    threads: Vec<Thread>,
    /// All jobs that were pushed, including jobs that have been taken.
    pushed: Vec<Arc<dyn Runnable>>,
    random: Random,
    /// The time of the last mark at the jobs that run.
    marked: Instant,
}

/// Decides as the policy does, but never to watch, and takes each running job for one that
/// blocks. So nothing depends on the clock.
fn decide(load_sample: LoadSample) -> Decision {
    match load_sample {
        LoadSample { ready: 0, .. } => Decision::Rest,
        LoadSample {
            running: 1..,
            lacking: 1..,
            ..
        } => Decision::Call,
        _ => Decision::Work,
    }
}

/// Returns a job that nobody has submitted in a lineage.
fn unrelated() -> Submitted {
    let (job, lineage) = Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
    Submitted { job, lineage }
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let limits = Limits {
            max_threads: 1 + random.below(4),
            max_blocked_threads: 1 + random.below(2),
            queue_capacity: 1 + random.below(6),
            grows: random.one_in(3),
            decide,
            ..Limits::smallest()
        };
        Self {
            state: State::new(limits, Arc::default(), Arc::default()),
            threads: Vec::new(),
            pushed: Vec::new(),
            random,
            marked: Instant::now(),
        }
    }

    /// Makes one random transition, and checks the state.
    fn step(&mut self) {
        self.state.queue.close_inbox();
        match self.random.below(8) {
            0..3 => self.push(),
            3..5 => self.go_on(),
            5 => self.park(),
            6 => self.end_park(),
            _ => self.end_loan(),
        }
        if self.random.one_in(4) {
            self.marked += WATCH;
            self.state.mark_long_jobs(self.marked);
        }
        self.check();
    }

    /// Returns a random worker of those that are `wanted`.
    fn pick(&mut self, wanted: impl Fn(&State, &Thread) -> bool) -> Option<usize> {
        let found: Vec<_> = (0..self.threads.len())
            .filter(|&at| wanted(&self.state, &self.threads[at]))
            .collect();
        (!found.is_empty()).then(|| found[self.random.below(found.len())])
    }

    /// Submits an unrelated job, or a descendant of a job or of a wait.
    fn push(&mut self) {
        let at = self.pick(|_, thread| thread.job.is_some());
        let above = match at {
            Some(at) if !self.random.one_in(3) => {
                let thread = &self.threads[at];
                let job = thread.job.clone().unwrap();
                match &thread.wait {
                    Some(wait) if self.random.one_in(2) => Lineage::of(wait),
                    _ => job,
                }
            }
            _ => Lineage::default(),
        };
        let (job, _) = Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        let job: Arc<dyn Runnable> = job;
        self.pushed.push(Arc::clone(&job));
        let lane = Lane::of(&above, self.state.pool);
        let (_start, action) = self.state.push(
            Submitted {
                job,
                lineage: above,
            },
            lane,
        );
        self.perform(&action);
    }

    /// Performs the action of a transition.
    fn perform(&mut self, action: &Action) {
        // A worker that is woken is no longer idle, or finds its lent job when its park ends.
        // Either is a later step.
        if let &Action::Start(id) = action {
            let stack = self.state.enter();
            let entry = WorkerHandle {
                id,
                unparker: Parker::new().unparker().clone(),
                spins: Cell::new(false),
            };
            self.threads.push(Thread {
                entry,
                stack,
                job: None,
                wait: None,
                lends: false,
                is_lender: false,
                lent: None,
            });
        }
    }

    /// Lets a worker take its next step: it was called, or its job ends.
    fn go_on(&mut self) {
        let at = self.pick(|state, thread| {
            let is_idle = state.idle.iter().any(|idle| idle.id == thread.entry.id);
            let is_awake = !is_idle && thread.job.is_none();
            is_awake || (thread.job.is_some() && thread.wait.is_none() && thread.lent.is_none())
        });
        let Some(at) = at else { return };
        let thread = &mut self.threads[at];
        let mut after = match thread.job.take() {
            Some(job) => {
                job.top().unwrap().close();
                After::Job(Finish::Completed)
            }
            None => After::WakeUp,
        };
        let mut step = self.state.next(after, &thread.entry, thread.stack);
        if let Step::Probe(_) = step {
            after = After::Probe {
                jobs_block: self.random.one_in(2),
            };
            step = self.state.next(after, &thread.entry, thread.stack);
        }
        match step {
            Step::Run { job, action } => {
                let id = JobId::of(&job.job);
                thread.job = Some(job.lineage.below(self.state.pool, id, Kind::Job));
                self.perform(&action);
            }
            Step::Call(action) => {
                assert!(!matches!(action, Action::Nothing), "nobody was called");
                self.perform(&action);
            }
            Step::Sleep => {}
            Step::Watch(_) | Step::Probe(_) | Step::Spin | Step::Retire => {
                unreachable!("this pool never does that")
            }
        }
    }

    /// Parks a job. Its wait polls some of the jobs that were pushed.
    fn park(&mut self) {
        let runs = |_: &State, thread: &Thread| {
            thread.job.is_some() && thread.wait.is_none() && thread.lent.is_none()
        };
        let Some(at) = self.pick(runs) else { return };
        let pool = self.state.pool;
        let job = self.threads[at].job.clone().unwrap();
        let account = job.top().unwrap();
        let frame = job.below(pool, account.job().unwrap(), Kind::Wait);
        let frame = frame.top().unwrap();
        for polled in self.pushed.iter().filter(|job| job.header().is_listed()) {
            if self.random.one_in(4) {
                polled.header().set_adopter(frame.number());
                job.note_unrelated(pool, polled.header().unrelated_before());
            }
        }
        let lends = !self.random.one_in(4);
        self.threads[at].lends = lends;
        let request = ParkRequest {
            frame: Arc::clone(&frame),
            account,
            unparker: self.threads[at].entry.unparker.clone(),
            stack: self.threads[at].stack,
            since: Instant::now(),
            lends,
            may_be_refused: true,
        };
        let (decision, action) = self.state.begin_park(request);
        if decision == ParkDecision::Park {
            self.threads[at].wait = Some(frame);
        }
        self.perform(&action);
    }

    /// Ends the park of a worker, which may have been lent a job.
    fn end_park(&mut self) {
        let Some(at) = self.pick(|_, thread| thread.wait.is_some()) else {
            return;
        };
        let wait = self.threads[at].wait.take().unwrap();
        self.threads[at].lent = self.state.end_park(&wait).lent;
        if self.threads[at].lent.is_some() {
            let action = self.state.help();
            self.perform(&action);
        }
        wait.close();
    }

    /// Ends a lent job, or gives it back.
    fn end_loan(&mut self) {
        let Some(at) = self.pick(|_, thread| thread.lent.is_some()) else {
            return;
        };
        let thread = &mut self.threads[at];
        let account = thread.job.as_ref().and_then(Lineage::top).unwrap();
        let job = thread.lent.take().unwrap();
        let action = if self.random.one_in(2) {
            self.state
                .end_lent(thread.stack, &account, Finish::Completed)
        } else {
            if self.random.one_in(3) {
                job.header().cancel(); // its caller has withdrawn it
            }
            let given = self.state.give_back(thread.stack, &account, job);
            given.unwrap_or_else(|_| unreachable!("the pool is open"))
        };
        self.perform(&action);
    }

    /// Checks the permits, the accounts, the cached results and the first invariant.
    fn check(&mut self) {
        let state = &mut self.state;
        let lenders = state
            .parked_waits
            .iter()
            .filter(|parked_wait| parked_wait.is_lender())
            .count();
        let unparked = |thread: &&Thread| thread.job.is_some() && thread.wait.is_none();
        let running = self.threads.iter().filter(unparked).count() + lenders;
        assert_eq!(
            state.running, running,
            "the state counts other jobs as running"
        );
        assert_eq!(state.threads, self.threads.len(), "a worker is not counted");
        let innermost = state.stacks.iter().filter_map(Stack::innermost);
        let long = innermost.filter(|job| state.long_jobs.is_long(job.number));
        assert_eq!(state.lively() + long.count(), running, "others are long");
        let coming = self.threads.iter().filter(|thread| {
            let is_idle = state.idle.iter().any(|idle| idle.id == thread.entry.id);
            thread.job.is_none() && !is_idle
        });
        let free = state.permits().saturating_sub(running);
        let lacking = state.queue.ready().min(free);
        assert_eq!(
            state.lacking(),
            lacking.saturating_sub(coming.count()),
            "a worker is on its way, or none is"
        );
        for thread in &mut self.threads {
            let searches = state.is_searching(thread.entry.id);
            assert!(
                thread.job.is_none() || !searches,
                "a worker that runs a job counts as searching"
            );
            let was_lender = mem::take(&mut thread.is_lender);
            let is_parked = thread.wait.is_some() || thread.lent.is_some();
            let account = thread.job.as_ref().and_then(Lineage::top);
            let has_account = account
                .as_ref()
                .is_some_and(|account| account.is_account_open());
            assert_eq!(
                has_account, is_parked,
                "an account is open or closed by mistake"
            );
            if let Some(account) = account.filter(|account| account.is_account_open()) {
                let mut credits = state
                    .stacks
                    .iter()
                    .flat_map(Stack::iter)
                    .flat_map(|job| &job.credit);
                let is_spent = credits.any(|credit| credit.is_of(&account));
                assert!(is_spent || account.has_any_credit(), "credit is lost");
            }
            let Some(wait) = &thread.wait else { continue };
            let mut parked_waits = state.parked_waits.iter();
            let parked_wait = parked_waits
                .find(|parked_wait| parked_wait.number() == wait.number())
                .unwrap();
            thread.is_lender = parked_wait.is_lender();
            let last = state.stacks[thread.stack].innermost().unwrap();
            if !thread.is_lender {
                assert!(last.credit.is_none(), "a parked job keeps its credit");
            } else if !was_lender {
                let within = state.running <= state.permits();
                assert!(last.is_beyond || within, "a job is lent without a right");
                assert!(thread.lends, "a job is lent where it must not run");
            }
        }
        let (pool, parked_waits, has_permit) =
            (state.pool, &state.parked_waits, state.has_permit());
        let on_credit = |job: &Submitted| find_credit(job, parked_waits, pool, &mut None).is_some();
        let lendable = |job: &Submitted| {
            parked_wait_for(job, None, parked_waits, false).is_some()
                && (has_permit || on_credit(job))
        };
        let has_on_credit = state.queue.has_descendant(on_credit);
        let has_lendable = state.queue.has_descendant(lendable);
        let is_spent = (state.gained.as_ref()).is_some_and(|frame| !frame.has_any_credit());
        let nothing_on_credit = state.nothing_on_credit || is_spent;
        assert!(!(nothing_on_credit && has_on_credit), "a job has credit");
        assert!(
            !(state.nothing_lendable && has_lendable),
            "a job can be lent"
        );
        let is_searching = |idle: &WorkerHandle| state.is_searching(idle.id);
        assert!(
            !state.idle.iter().any(is_searching),
            "an idle worker counts as searching"
        );
        let is_full = state.queue.queued() >= state.limits.queue_capacity;
        assert!(
            is_full || state.queue.backlog() == 0,
            "there is room, and a caller waits for it"
        );
        // The first invariant. A lender calls the next worker when it takes its job.
        let is_bound = state.has_lookout() || parked_waits.iter().any(ParkedWait::is_lender);
        if !is_bound && ((has_permit && state.queue.ready() > 0) || has_on_credit) {
            assert!(state.idle.is_empty(), "a worker sleeps");
            assert!(!state.may_start(), "a worker may start");
            assert!(!has_lendable, "a job can be lent");
        }
    }
}

/// So many random orders are tried.
const SEEDS: u64 = 1_000;

/// Otherwise a queued job might never run, although a worker could take it.
#[test]
fn the_first_invariant_holds_and_what_is_cached_is_true() {
    for seed in 1..=SEEDS {
        let mut model = Model::new(seed);
        for _ in 0..150 {
            model.step();
        }
    }
}
