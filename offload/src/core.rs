//! What a pool's handles and threads share: the state behind its lock, and the
//! doing of what the state decides.

mod dismissal;
mod ending;
#[cfg(not(bridge_loom))]
mod exiting;
mod monitor;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

pub(crate) use self::{
    dismissal::{AbandonedJobs, settle},
    ending::{Ending, Here},
};
use crate::{
    CutOff, Metrics,
    job::{
        drop_payload,
        eager::Eagerness,
        runnable::{Header, Submitted},
    },
    nesting::lineage::{Lane, PoolId},
    platform::{
        fork,
        sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Padded, lock, start_thread},
    },
    pool::limits::{Hooks, Limits},
    schedule::{
        inbox::Inbox,
        queue::Queue,
        stall::StallReport,
        state::{Action, Phase, Prospect, State},
    },
};

pub(crate) struct Core {
    pub(crate) limits: Limits,
    pub(crate) hooks: Hooks,
    /// What a thread of this number does.
    thread_main: ThreadMain,
    reports: Reports,
    /// When the pool was built.
    pub(crate) born: Instant,
    /// The process whose threads serve this pool.
    generation: usize,
    state: Padded<Mutex<State>>,
    /// Jobs that a thread could take: written by the queue under the lock, read
    /// by the thread that spins.
    ready: Arc<Padded<AtomicUsize>>,
    /// Where those who submit leave jobs while a thread is bound to look.
    inbox: Arc<Padded<Inbox>>,
    /// How well polling on has paid.
    pub(crate) eagerness: Eagerness,
    /// Told whenever a job leaves the pool once a shutdown has begun.
    job_ended: Condvar,
}

/// So many short jobs are run while a thread is woken.
const FEW: usize = 16;

/// The life of a thread: what a pool is built with, so that this module need
/// not know the one that knows it.
type ThreadMain = fn(&Arc<Core>, usize);

/// Whom to tell what nobody asked for: functions of the [`Ambient`](crate::Ambient).
#[derive(Clone, Copy)]
pub(crate) struct Reports {
    /// A queue stands still.
    pub(crate) stalled: fn(Duration, usize),
    /// The process exits before these jobs have finished.
    #[cfg_attr(
        bridge_loom,
        expect(dead_code, reason = "in loom's world nothing exits")
    )]
    pub(crate) cut_off: fn(&CutOff),
}

/// Why a submission was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Full,
    ShutDown,
    Forked,
}

/// Whether a submission may wait for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    JoinBacklog,
    Refuse,
}

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
        let core = Arc::new(Self {
            state: Padded(Mutex::new(state)),
            limits,
            hooks,
            thread_main,
            reports,
            born: Instant::now(),
            generation: fork::generation(),
            ready,
            inbox,
            eagerness: Eagerness::new(),
            job_ended: Condvar::new(),
        });
        #[cfg(not(bridge_loom))]
        core.finish_before_exit();
        core
    }

    /// Which pool this is, for the lineage of its jobs.
    pub(crate) fn id(&self) -> PoolId {
        PoolId::of(&*self.inbox)
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

    /// Releases the state after a transition, and starts the monitor if the transition
    /// has left jobs queued that nobody can take.
    #[inline]
    pub(crate) fn release(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        let starts_monitor = state.stall.take_start();
        drop(state);
        if starts_monitor {
            monitor::start(self);
        }
    }

    /// Whether work is ready, at a glance.
    pub(crate) fn sees_work(&self) -> bool {
        self.ready.load(Ordering::Relaxed) > 0 || self.inbox.holds_work()
    }

    /// Whether so few jobs are queued that one which was submitted before is about
    /// to end, if jobs are short.
    pub(crate) fn is_nearly_through(&self) -> bool {
        self.ready.load(Ordering::Relaxed) <= FEW
    }

    /// Queues a job that has been prepared.
    pub(crate) fn submit(
        self: &Arc<Self>,
        mut job: Submitted,
        when_full: WhenFull,
    ) -> Result<Prospect, Refusal> {
        if self.is_forked() {
            return Err(Refusal::Forked);
        }
        // A job of a job takes its place under the lock, under which jobs park.
        if job.lineage.is_root() {
            Queue::mark(job.header());
            match self.inbox.leave(job) {
                Ok(pickup) => return Ok(pickup.into()),
                Err(back) => job = back,
            }
        }
        let mut state = self.state();
        let refusal = if state.phase != Phase::Open {
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
        let (prospect, action) = state.push(job, lane);
        self.release(state);
        if let Action::Nothing = action {
            return Ok(prospect);
        }
        self.perform(action);
        Ok(Prospect::Called)
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
    pub(crate) fn carry_out(self: &Arc<Self>, action: Action) -> AbandonedJobs {
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

    /// Passes on that the queue stands still. A subscriber that panics harms
    /// nobody.
    pub(crate) fn report(&self, StallReport { waited, queued }: StallReport) {
        let tell = || (self.reports.stalled)(waited, queued);
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

    pub(crate) fn metrics(&self) -> Metrics {
        if self.is_forked() {
            return Metrics::default();
        }
        self.state().metrics()
    }
}
