//! The part that a pool's handles and workers share: the state behind its lock, and the
//! code that carries out what the state decides.

mod block_watch;
mod dismissal;
mod ending;
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
mod exiting;
mod monitor;
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
mod registry;
mod reporting;
#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    task::Waker,
    time::Instant,
};

pub(crate) use self::{
    dismissal::{AbandonedJobs, settle},
    ending::{Ending, OwnWorker},
};
use crate::{
    job::{
        caught::drop_caught, eager::Eagerness, header::Header, listeners::ListenerTable,
        runnable::Submitted,
    },
    lineage::PoolId,
    observe::outside::Outside,
    platform::{
        fork::{self, Forked},
        sync::{
            AtomicBool, AtomicUsize, Condvar, Mutex, MutexGuard, Padded, lock, next_number, now,
            start_thread,
        },
    },
    schedule::{
        expected_start::ExpectedStart,
        inbox::Inbox,
        limits::{Hooks, Limits, WhenFull},
        queue::{Lane, Queue},
        state::{Action, Phase, State},
    },
    thread::{living::LivingThreads, yielding::Yielding},
    timing::PoolClock,
    vocabulary::{end_report::CutOff, report::Report},
};

/// The shared part of a pool.
///
/// Only the process of the workers may use it, so handles keep it in an
/// [`OfProcess`](fork::OfProcess). A worker has it as it is.
pub(crate) struct Core {
    pub(crate) limits: Limits,
    pub(crate) hooks: Hooks,
    /// The function that a worker runs.
    thread_main: ThreadMain,
    reports: Reports,
    /// Whether a thread makes the report of a stall.
    is_reporting: AtomicBool,
    /// When the pool was built.
    pub(crate) born: Instant,
    /// The clock of a pool that measures its jobs.
    pub(crate) clock: Option<PoolClock>,
    /// The waits of threads that are no workers.
    pub(crate) outside: Outside,
    state: Padded<Mutex<State>>,
    /// The number of jobs that a worker could take. The queue writes it under the lock,
    /// and a spinning worker reads it.
    ready: Arc<Padded<AtomicUsize>>,
    /// Submitters leave jobs here while they would have nobody to call.
    inbox: Arc<Padded<Inbox>>,
    /// Whether a worker without a job ends, because the pool is closed or the process exits. A
    /// spinning worker reads it, because nobody wakes such a worker.
    pub(crate) keeps_no_idle: AtomicBool,
    /// Tells whether a spinning worker lets other threads have its processor.
    pub(crate) yielding: Yielding,
    /// Tracks how often it has paid that callers polled again at once.
    pub(crate) eagerness: Eagerness,
    /// Notified whenever a job leaves the pool or parks, once a shutdown has begun.
    job_ended: Condvar,
    /// The workers, until the destructors of their thread-locals have run.
    threads: LivingThreads,
    /// The hooks of running jobs, and the futures that wait for their cancellation.
    pub(crate) listeners: ListenerTable,
}

/// The function that a worker runs, with the number of the worker. The pool is built with
/// it, so that this module need not import the module that defines it.
type ThreadMain = fn(&Arc<Core>, usize);

/// The reports that the pool makes unasked: functions of the [`Ambient`](crate::Ambient).
#[derive(Clone, Copy)]
pub(crate) struct Reports {
    /// Reports that the pool stands still.
    pub(crate) stalled: fn(&Report),
    /// Reports the jobs that do not finish before the process exits.
    #[cfg_attr(
        any(bridge_loom, bridge_shuttle),
        expect(dead_code, reason = "no process of a model exits")
    )]
    pub(crate) cut_off: fn(&CutOff),
}

/// The reason why a submission was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    ShutDown,
    /// This process is a fork, and the pool belongs to its parent.
    Forked,
}

impl From<Forked> for Refusal {
    fn from(Forked: Forked) -> Self {
        Self::Forked
    }
}

/// About this many short jobs run while a worker is woken.
const FEW: usize = 16;

impl Core {
    pub(crate) fn new(
        limits: Limits,
        hooks: Hooks,
        thread_main: ThreadMain,
        reports: Reports,
    ) -> Arc<Self> {
        fork::watch();
        let (ready, inbox) = (Arc::<Padded<_>>::default(), Arc::<Padded<_>>::default());
        let state = State::new(limits.clone(), Arc::clone(&ready), Arc::clone(&inbox));
        let born = now();
        let core = Arc::new(Self {
            clock: state.queue.clock.clone(),
            state: Padded(Mutex::new(state)),
            limits,
            hooks,
            thread_main,
            reports,
            is_reporting: AtomicBool::new(false),
            born,
            yielding: Yielding::new(born),
            outside: Outside::new(next_number()),
            ready,
            inbox,
            keeps_no_idle: AtomicBool::new(false),
            eagerness: Eagerness::new(),
            job_ended: Condvar::new(),
            threads: LivingThreads::default(),
            listeners: ListenerTable::new(),
        });
        #[cfg(not(any(bridge_loom, bridge_shuttle)))]
        {
            core.finish_before_exit();
            registry::add(&core);
        }
        core
    }

    /// Returns the identity of this pool, which the lineage of its jobs contains.
    pub(crate) fn id(&self) -> PoolId {
        PoolId::of(&*self.inbox)
    }

    /// Locks the state and closes the inbox. So every submitted job is in the queue or in
    /// the backlog.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state_at_work();
        state.queue.close_inbox();
        state
    }

    /// Locks the state for a worker that takes job after job, and leaves the inbox as it
    /// is. The jobs in the inbox come behind all queued jobs, so they may stay there while
    /// the worker takes queued ones.
    pub(crate) fn state_at_work(&self) -> MutexGuard<'_, State> {
        let state = lock(&self.state);
        debug_assert!(
            !state.stall.is_start_due(),
            "a transition wants the monitor started, and `release` has not followed it"
        );
        state
    }

    /// Releases the state after a transition, and starts the monitor if the transition
    /// has left jobs queued that nobody can take.
    ///
    /// A caller whose transition queues nothing and parks no worker may just drop the guard.
    /// After any other transition that would leave the monitor due. In a debug build the next
    /// thread that locks the state would panic.
    #[inline]
    pub(crate) fn release(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let starts_monitor = state.stall.take_start();
        drop(state);
        if starts_monitor {
            monitor::start(self);
        }
    }

    /// Starts the monitor, which reports a start hook that blocks. A worker calls this before
    /// its hook, so that a submission need not.
    pub(crate) fn watch_start_hook(self: &Arc<Self>) {
        let mut state = self.state();
        state.start_monitor();
        self.release(state);
    }

    /// Returns whether a job seems to be ready, without taking the lock.
    pub(crate) fn sees_work(&self) -> bool {
        self.ready.load(Ordering::Relaxed) > 0 || self.inbox.holds_work()
    }

    /// Returns whether only few jobs are queued. If jobs are short, a job that was
    /// submitted before them is then about to end.
    pub(crate) fn is_nearly_through(&self) -> bool {
        self.ready.load(Ordering::Relaxed) <= FEW
    }

    /// Queues a job that has been prepared. Before this calls a worker for the job, it runs
    /// `before_call`. The waker that this returns is dropped after the call. Its destructor is
    /// other code, and until the call nobody else calls a worker.
    pub(crate) fn submit(
        self: &Arc<Self>,
        mut job: Submitted,
        when_full: WhenFull,
        before_call: impl FnOnce() -> Option<Waker>,
    ) -> Result<ExpectedStart, Refusal> {
        if let Some(clock) = &self.clock {
            job.header().admit(clock.stamp());
        }
        // The lane of a job that has a lineage depends on which jobs are parked, and jobs
        // park under the state's lock. Only a job without a lineage may go to the inbox.
        if job.lineage.is_root() {
            Queue::mark(job.header());
            match self.inbox.leave(job) {
                Ok(start) => return Ok(start),
                Err(back) => job = back,
            }
        }
        let mut state = self.state();
        let refusal = if !state.admits(&job, when_full) {
            Some(Refusal::ShutDown)
        } else if when_full == WhenFull::Refuse && !state.queue.has_room() {
            Some(Refusal::Full)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            state.tally.rejected += 1;
            return Err(refusal);
        }
        let lane = Lane::of(&job.lineage, self.id());
        let (start, action) = state.push(job, lane);
        self.release(state);
        if let Action::Nothing = action {
            return Ok(start);
        }
        let waker = before_call();
        self.perform(action);
        drop_caught(waker);
        Ok(ExpectedStart::Called)
    }

    /// Takes a withdrawn job out of the queue, and counts it as cancelled.
    pub(crate) fn forget(&self, header: &Header) {
        let mut state = self.state();
        state.tally.cancelled += 1;
        let swept = state.queue.withdraw(header);
        let phase = state.phase;
        drop(state);
        drop(swept);
        self.note_end(phase);
    }

    /// Takes a job out of the backlog. Returns whether the job was still there.
    pub(crate) fn leave_backlog(&self, header: &Header) -> bool {
        let mut state = self.state();
        if !Queue::is_in_backlog(header) {
            return false;
        }
        state.tally.rejected += 1;
        let swept = state.queue.withdraw(header);
        drop(state);
        drop(swept);
        true
    }

    /// Carries out what the state has decided, and tells the callers of jobs that nobody
    /// runs.
    #[inline]
    pub(crate) fn perform(self: &Arc<Self>, action: Action) {
        if !matches!(action, Action::Nothing) {
            self.carry_out(action).abandon(self);
        }
    }

    /// Carries out what the state has decided. Returns the jobs that nobody is there to
    /// run.
    ///
    /// Abandoning these runs other code's destructors and wakers. A worker that counts as
    /// parked must not do that.
    pub(crate) fn carry_out(self: &Arc<Self>, action: Action) -> AbandonedJobs {
        match action {
            Action::Nothing => {}
            Action::Wake(unparker) => unparker.unpark(),
            Action::Start(id) => {
                let core = Arc::clone(self);
                let (name, stack_size) = (self.limits.worker_name(), self.limits.stack_size);
                let living = self.threads.thread();
                let body = move || {
                    living.begin();
                    (core.thread_main)(&core, id);
                };
                if let Err(error) = start_thread(name, stack_size, body) {
                    return self.start_failed(id, &error);
                }
            }
        }
        AbandonedJobs::default()
    }

    #[cold]
    fn start_failed(self: &Arc<Self>, id: usize, error: &io::Error) -> AbandonedJobs {
        let mut state = self.state();
        let (jobs, lender) = state.start_failed(id);
        let phase = state.phase;
        self.release(state);
        if let Some(lender) = lender {
            lender.unpark();
        }
        self.note_end(phase);
        AbandonedJobs {
            jobs,
            error: Some(error.kind()),
        }
    }

    /// Notifies a shutdown that a job has left the pool, or that a job which may wait for the
    /// shutdown has parked.
    pub(crate) fn note_end(&self, phase: Phase) {
        if phase != Phase::Open {
            self.job_ended.notify_all();
        }
    }
}
