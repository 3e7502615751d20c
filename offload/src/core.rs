//! What a pool's handles and threads share: the state behind its lock, and the
//! doing of what the state decides.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::{
    Lineage, Metrics, OffloadError, Shutdown,
    eager::Eagerness,
    fork,
    inbox::Inbox,
    job::{drop_caught, drop_payload, wake},
    limits::{Hooks, Limits},
    lineage::{Lane, PoolId},
    park::Unparker,
    queue::Queue,
    runnable::{Header, Runnable, Submitted, Told},
    stall::News,
    state::{Action, Phase, Prospect, Seating, State, Tally},
    sync::{AtomicUsize, Condvar, Mutex, MutexGuard, lock, start_thread, wait_for},
};

pub(crate) struct Core {
    pub(crate) limits: Limits,
    pub(crate) hooks: Hooks,
    /// What a thread of this number does.
    thread_main: ThreadMain,
    /// Whom to tell of a queue that stands still: [`Ambient::stalled`](crate::Ambient::stalled).
    on_stall: OnStall,
    /// The process whose threads serve this pool.
    generation: usize,
    state: Mutex<State>,
    /// Jobs that a thread could take: written by the queue under the lock, read
    /// by the thread that spins.
    ready: Arc<AtomicUsize>,
    /// Where those who submit leave jobs while a thread is bound to look.
    inbox: Arc<Inbox>,
    /// How well polling on has paid.
    pub(crate) eagerness: Eagerness,
    /// Told whenever a job leaves the pool once a shutdown has begun.
    job_ended: Condvar,
}

/// The life of a thread: what a pool is built with, so that this module need
/// not know the one that knows it.
type ThreadMain = fn(&Arc<Core>, usize);

type OnStall = fn(Duration, usize);

/// Why a submission was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    ShutDown,
    Forked,
}

/// Whether a submission may wait for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    WaitInLine,
    NowOrNever,
}

/// Where a thread of the pool stands that shuts it down.
pub(crate) struct Here {
    pub(crate) stack: usize,
    /// Whether anybody is left to run what is queued.
    pub(crate) seating: Seating,
}

/// How a pool has ended.
#[derive(Default)]
#[must_use]
pub(crate) struct Ended {
    report: Shutdown,
    left: Vec<Arc<dyn Runnable>>,
}

/// Jobs that nobody is there to run.
#[derive(Default)]
#[must_use]
pub(crate) struct Orphans {
    jobs: Vec<Submitted>,
    error: Option<io::ErrorKind>,
}

impl Orphans {
    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Tells their callers.
    pub(crate) fn abandon(self, core: &Core) {
        let Some(error) = self.error else { return };
        let told = self.jobs.iter().map(|Submitted { job, .. }| {
            let at = job.header().at;
            job.abandon(OffloadError::NoThread { at, error })
        });
        core.dismiss(told.collect(), |tally| &mut tally.cancelled);
    }
}

impl Core {
    pub(crate) fn new(
        limits: Limits,
        hooks: Hooks,
        thread_main: ThreadMain,
        on_stall: OnStall,
    ) -> Arc<Self> {
        fork::watch();
        let (ready, inbox) = (Arc::<AtomicUsize>::default(), Arc::<Inbox>::default());
        let state = State::new(limits.clone(), Arc::clone(&ready), Arc::clone(&inbox));
        Arc::new(Self {
            state: Mutex::new(state),
            limits,
            hooks,
            thread_main,
            on_stall,
            generation: fork::generation(),
            ready,
            inbox,
            eagerness: Eagerness::new(),
            job_ended: Condvar::new(),
        })
    }

    /// Whether this process is a fork of the one that owns the threads. Then
    /// nothing of the state may be touched: its lock may be held for ever.
    pub(crate) fn is_forked(&self) -> bool {
        self.generation != fork::generation()
    }

    /// The state, with all that was submitted in its queue: the inbox is closed.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state_at_work();
        state.queue.close_inbox();
        state
    }

    /// The state as it is for a thread that takes job after job: what is in the
    /// inbox comes behind all that is queued, and may be left there meanwhile.
    pub(crate) fn state_at_work(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Whether work is ready, at a glance.
    pub(crate) fn sees_work(&self) -> bool {
        self.ready.load(Ordering::Relaxed) > 0 || self.inbox.holds_work()
    }

    /// Queues a job that has been prepared.
    pub(crate) fn submit(
        self: &Arc<Self>,
        mut job: Submitted,
        patience: Patience,
    ) -> Result<Prospect, Refusal> {
        if self.is_forked() {
            return Err(Refusal::Forked);
        }
        let lane = Lane::of(&job.lineage, PoolId::of(&**self));
        if lane == Lane::Roots {
            Queue::mark(job.header());
            match self.inbox.leave(job) {
                Ok(pickup) => return Ok(pickup.into()),
                Err(back) => job = back,
            }
        }
        let mut state = self.state();
        let refusal = if state.phase != Phase::Open {
            Some(Refusal::ShutDown)
        } else if patience == Patience::NowOrNever && !state.queue.has_room() {
            Some(Refusal::Full)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            state.tally.rejected += 1;
            return Err(refusal);
        }
        let (prospect, action) = state.push(job, lane);
        let stall = state.stall.news();
        drop(state);
        self.report(stall);
        self.perform(action);
        Ok(prospect)
    }

    /// Takes a withdrawn job out of the queue.
    pub(crate) fn forget(&self, header: &Header) {
        if self.is_forked() {
            return;
        }
        let mut state = self.state();
        state.tally.cancelled += 1;
        let swept = state.queue.withdraw(header);
        let phase = state.phase;
        drop(state);
        drop(swept);
        self.note_end(phase);
    }

    /// Takes a job out of the line if it still waits for room there.
    pub(crate) fn leave_line(&self, header: &Header) -> bool {
        let mut state = self.state();
        if !Queue::is_in_line(header) {
            return false;
        }
        state.tally.rejected += 1;
        let swept = state.queue.withdraw(header);
        drop(state);
        drop(swept);
        true
    }

    /// Does what the state has decided, and what that leads to.
    #[inline]
    pub(crate) fn perform(self: &Arc<Self>, action: Action) {
        if !matches!(action, Action::Nothing) {
            self.carry_out(action).abandon(self);
        }
    }

    /// Does what the state has decided, and gives back the jobs that are to be
    /// abandoned: that runs destructors and wakers of others, which a thread
    /// that is seated must not.
    pub(crate) fn carry_out(self: &Arc<Self>, action: Action) -> Orphans {
        match action {
            Action::Nothing => {}
            Action::Wake(unparker) => unparker.unpark(),
            Action::Start(id) => {
                let core = Arc::clone(self);
                let Limits {
                    thread_name,
                    stack_size,
                    ..
                } = &self.limits;
                let body = move || (core.thread_main)(&core, id);
                if let Err(error) = start_thread(thread_name.clone(), *stack_size, body) {
                    return self.start_failed(id, &error);
                }
            }
        }
        Orphans::default()
    }

    #[cold]
    fn start_failed(&self, id: usize, error: &io::Error) -> Orphans {
        let mut state = self.state();
        let (jobs, lender) = state.start_failed(id);
        let phase = state.phase;
        drop(state);
        if let Some(lender) = lender {
            lender.unpark();
        }
        self.note_end(phase);
        Orphans {
            jobs,
            error: Some(error.kind()),
        }
    }

    /// Passes on that the queue stands still.
    pub(crate) fn report(&self, stall: Option<News>) {
        if let Some(news) = stall {
            self.tell(news);
        }
    }

    /// What is told may panic: not here, between a decision and its doing.
    #[cold]
    fn tell(&self, News { waited, queued }: News) {
        let tell = || (self.on_stall)(waited, queued);
        if let Err(payload) = catch_unwind(AssertUnwindSafe(tell)) {
            drop_payload(payload);
        }
    }

    /// Told when a job has left the pool.
    pub(crate) fn note_end(&self, phase: Phase) {
        if phase != Phase::Open {
            self.job_ended.notify_all();
        }
    }

    /// Takes no further job and lets the threads end when they run out of
    /// work. Doesn't wait. Says how many jobs had run by then.
    pub(crate) fn close(&self) -> u64 {
        if self.is_forked() {
            return 0;
        }
        let mut state = self.state();
        let refused = state.queue.drain_line();
        let sleepers = state.advance(Phase::Draining);
        let run = state.run();
        drop(state);
        sleepers.iter().for_each(Unparker::unpark);
        let told = refused.iter().map(|Submitted { job, .. }| job.refuse());
        self.dismiss(told.collect(), |tally| &mut tally.rejected);
        run
    }

    /// Waits for at most `timeout` for the end of what was admitted, after
    /// [`close`](Self::close), which said `before`, and takes out what is left then.
    ///
    /// Jobs that wait for whoever calls this are not waited for: those of its
    /// lineage, and all that stand on its own stack, if `here` says that this is
    /// a thread of the pool.
    pub(crate) fn end(&self, timeout: Duration, before: u64, here: Option<Here>) -> Ended {
        if self.is_forked() {
            return Ended::default();
        }
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.state();
        let waiting = Lineage::current().waiting(PoolId::of(self));
        let whose = state.set_aside(waiting, here.as_ref().map(|here| here.stack));
        let alone = here.is_some_and(|here| here.seating == Seating::Exhausted);
        self.job_ended.notify_all();
        while !state.is_quiet(whose) {
            if alone && state.queue.ready() > 0 {
                break;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                break;
            }
            (state, _) = wait_for(&self.job_ended, state, left);
        }
        let abandoned = state.queue.drain();
        let running = state
            .jobs(whose)
            .filter(|job| job.header().shown().is_none());
        let running: Vec<_> = running.cloned().collect();
        let sleepers = state.advance(Phase::Closed);
        let run = state.run() - before;
        drop(state);
        // What another shutdown waits for will not come any more.
        self.job_ended.notify_all();
        sleepers.iter().for_each(Unparker::unpark);
        Ended {
            report: Shutdown {
                completed: usize::try_from(run).unwrap_or(usize::MAX),
                abandoned: abandoned.len(),
                running: running.len(),
            },
            left: abandoned
                .into_iter()
                .map(|submitted| submitted.job)
                .chain(running)
                .collect(),
        }
    }

    /// Counts those of the jobs that had not begun, and does what is left for them.
    pub(crate) fn dismiss(&self, told: Vec<Told>, count: fn(&mut Tally) -> &mut u64) {
        let unrun = unrun(&told);
        if unrun > 0 {
            *count(&mut self.state().tally) += unrun as u64;
        }
        settle(told);
    }

    pub(crate) fn metrics(&self) -> Metrics {
        if self.is_forked() {
            return Metrics::default();
        }
        self.state().metrics()
    }
}

/// Does what is left for jobs whose callers have been told: wakes these, and drops
/// what the jobs leave. Not job by job: a destructor of one may wait for another,
/// and for somebody who awaits another.
pub(crate) fn settle(told: Vec<Told>) {
    let parts = told.into_iter().map(|Told { waker, left }| (waker, left));
    let (wakers, left): (Vec<_>, Vec<_>) = parts.unzip();
    wakers.into_iter().for_each(wake);
    left.into_iter().for_each(drop_caught);
}

/// How many of these jobs had not begun.
fn unrun(told: &[Told]) -> usize {
    told.iter().filter(|told| told.left.is_some()).count()
}

impl Ended {
    /// Tells the callers of what is left that the pool is shut down: like what
    /// [`Orphans`] do, nothing for a thread that is seated.
    pub(crate) fn tell(self, core: &Core) -> Shutdown {
        let Self { mut report, left } = self;
        let told = left.iter().map(|job| {
            let at = job.header().at;
            job.abandon(OffloadError::ShutDown { at })
        });
        let told: Vec<_> = told.collect();
        // A thread had taken them, and has not begun.
        report.running -= unrun(&told[report.abandoned..]);
        // Others have been withdrawn since.
        report.abandoned = unrun(&told);
        core.dismiss(told, |tally| &mut tally.cancelled);
        report
    }
}
