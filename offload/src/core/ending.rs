//! The end of a pool: it takes only jobs that admitted jobs need, and waits until the last job
//! has ended or the grace is over. Then it tells running jobs to stop, and waits once more.

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;

use std::{
    mem,
    panic::Location,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{
    Core,
    dismissal::{settle, unrun},
};
use crate::{
    job::{
        caught::wake,
        header::Header,
        runnable::{DeferredCleanup, Runnable, Submitted},
    },
    lineage::Lineage,
    platform::{
        fork::{Forked, OfProcess},
        sync::{MutexGuard, now, wait_for},
    },
    schedule::state::{ParkDecision, Phase, ShutdownScope, Snapshot, State},
    thread::{
        clock::{Tick, between, tick},
        park::Unparker,
    },
    vocabulary::{
        end_report::{Shutdown, StillRunning},
        error::OffloadError,
    },
};

/// A worker that shuts its own pool down, in one of its jobs.
pub(crate) struct OwnWorker {
    /// The index of its stack of jobs in the state.
    pub(crate) stack: usize,
    /// Says whether another worker is left to run the queued jobs.
    pub(crate) decision: ParkDecision,
}

/// A shutdown that has begun.
#[derive(Clone)]
pub(crate) struct Ending {
    /// The number of jobs that had run when the shutdown began.
    run_before: u64,
    /// The end of the grace. `None` means that the grace never ends.
    pub(crate) until: Option<Instant>,
    pub(crate) cancel_grace: Duration,
    /// Whether a thread of the pool may have begun the shutdown. That thread may wait for the
    /// shutdown, so the shutdown does not wait for the pool's threads.
    pub(crate) is_own: bool,
    /// The lineage of the shutdown. The waits in it depend on the shutdown.
    lineage: Lineage,
}

/// A pool after the grace: no job starts any more.
#[derive(Default)]
#[must_use]
pub(crate) struct Drained {
    report: Shutdown,
    /// The state at the end of the grace, if a job was left.
    late: Option<Snapshot>,
    /// The number of jobs that had run when the grace was over.
    run: u64,
    abandoned: Vec<Submitted>,
    /// Running jobs that were told to stop.
    stopping: Vec<Arc<dyn Runnable>>,
}

impl Core {
    /// Stops taking jobs that no admitted job needs, and lets the workers end when they run out
    /// of work. Returns how many jobs had run before. It does not wait.
    pub(crate) fn close(&self) -> u64 {
        let mut state = self.state();
        let refused = state.queue.drain_backlog();
        let sleepers = state.advance(Phase::Draining);
        let run = state.finished();
        drop(state);
        self.keeps_no_idle.store(true, Ordering::Relaxed);
        sleepers.iter().for_each(Unparker::unpark);
        let tell = refused
            .iter()
            .map(|Submitted { job, .. }| job.refuse(self.shut_down_error(job.header().at)));
        self.dismiss(tell, |tally| &mut tally.rejected);
        run
    }

    /// Closes the pool and starts the clock of the grace.
    pub(crate) fn begin_end(&self, grace: Duration) -> Ending {
        let run_before = self.close();
        Ending {
            run_before,
            until: now().checked_add(grace),
            cancel_grace: self.limits.cancel_grace.unwrap_or(grace / 10),
            is_own: self.threads.are_here(),
            lineage: Lineage::current(),
        }
    }

    /// Waits until the admitted jobs have ended or the grace is over. Then empties the
    /// queue and tells the running jobs to stop.
    ///
    /// This does not wait for the jobs that wait for the shutdown: the jobs of its lineage,
    /// all jobs on the stack of `own_worker`, and the jobs that wait for one of these.
    pub(crate) fn drain(&self, ending: &Ending, own_worker: Option<OwnWorker>) -> Drained {
        let mut state = self.state();
        let stack = own_worker.as_ref().map(|own| own.stack);
        let drain = state.begin_drain(ending.lineage.clone(), stack);
        let mut late = None;
        let blocks_worker = own_worker.is_some_and(|own| own.decision == ParkDecision::Exhausted);
        // If every other worker is parked too, nobody is left to run the queued jobs.
        let is_alone = |state: &mut State| {
            blocks_worker && state.queue.ready() > 0 && state.has_one_unparked_worker()
        };
        // A job that parks may wait for this shutdown, so each look begins with the waits.
        while !(state.is_quiet(state.scope(&drain)) || is_alone(&mut state)) {
            match self.wait_for_a_job(state, ending.until) {
                Ok(woken) => state = woken,
                Err(still_locked) => {
                    late = Some(still_locked.snapshot());
                    state = still_locked;
                    break;
                }
            }
        }
        let scope = state.end_drain(&drain);
        let abandoned = state.queue.drain();
        let stopping: Vec<_> = state
            .jobs(scope)
            .filter(|job| job.header().shown().is_none())
            .cloned()
            .collect();
        for job in &stopping {
            job.header().stop();
        }
        let sleepers = state.advance(Phase::Stopped);
        let run = state.finished_except(&stopping);
        drop(state);
        // Another shutdown of this pool may wait for jobs that will not run any more.
        self.job_ended.notify_all();
        sleepers.iter().for_each(Unparker::unpark);
        Drained {
            report: Shutdown {
                pool: self.limits.name.clone(),
                completed: to_usize(run - ending.run_before),
                ..Shutdown::default()
            },
            late,
            run,
            abandoned,
            stopping,
        }
    }

    /// Waits until `until` for the jobs that were told to stop.
    pub(crate) fn wait_for_stopping(&self, drained: &Drained, until: Option<Instant>) {
        let mut state = self.state();
        while state.jobs(ShutdownScope::All).any(|job| drained.stops(job)) {
            match self.wait_for_a_job(state, until) {
                Ok(woken) => state = woken,
                Err(_late) => return,
            }
        }
    }

    /// Returns whether no job is left, so that every thread is about to end.
    pub(crate) fn is_left_by_jobs(&self) -> bool {
        self.state().is_quiet(ShutdownScope::All)
    }

    /// Waits until `until` for the threads to end, and for their thread-locals to be
    /// dropped.
    pub(crate) fn wait_for_threads(&self, until: Option<Instant>) {
        self.threads.wait(until);
    }

    /// Tells the caller of a job that the pool was shut down before the job had finished.
    pub(crate) fn tell_shut_down(&self, job: &Arc<dyn Runnable>) -> DeferredCleanup {
        job.abandon(self.shut_down_error(job.header().at))
    }

    pub(crate) fn shut_down_error(&self, at: &'static Location<'static>) -> OffloadError {
        OffloadError::shut_down(at, Some(&self.limits.name))
    }

    /// Waits until a job has left the pool or has parked. Returns `Err` once `until` has passed.
    fn wait_for_a_job<'a>(
        &self,
        state: MutexGuard<'a, State>,
        until: Option<Instant>,
    ) -> Result<MutexGuard<'a, State>, MutexGuard<'a, State>> {
        let left = until.map(|until| until.saturating_duration_since(now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(state);
        }
        Ok(wait_for(&self.job_ended, state, left).0)
    }
}

impl Ending {
    /// Returns this shutdown for the current thread to continue. A thread of the pool must not wait
    /// for the pool's threads.
    pub(crate) fn taken_over(self, core: &Core) -> Self {
        Self {
            is_own: self.is_own || core.threads.are_here(),
            ..self
        }
    }

    /// Returns whether the shutdown has nothing left to wait for, or no time left.
    pub(crate) fn is_over(&self, core: &Core) -> bool {
        if self.until.is_some_and(|until| until <= now()) {
            return true;
        }
        let mut state = core.state();
        let drain = state.begin_drain(self.lineage.clone(), None);
        let scope = state.end_drain(&drain);
        state.is_quiet(scope)
    }
}

impl Drained {
    fn stops(&self, job: &Arc<dyn Runnable>) -> bool {
        self.stopping.iter().any(|other| Arc::ptr_eq(other, job))
    }

    /// Makes the report of a shutdown that was late. It shows the pool before any caller is told. A
    /// worker must not call this while it counts as parked, because it may run destructors.
    pub(crate) fn make_report(&mut self, core: &Core) {
        let report = self
            .late
            .take()
            .and_then(|late| core.caught_report_of(late));
        self.report.report = report.map(Box::new);
    }

    /// Returns whether any job was told to stop.
    pub(crate) fn stops_any(&self) -> bool {
        !self.stopping.is_empty()
    }

    /// Calls the hooks of the jobs that were told to stop. This is user code too: see
    /// [`tell_abandoned`](Self::tell_abandoned).
    ///
    /// # Errors
    ///
    /// Returns [`Forked`] in the child of a hook that forks. The other hooks belong to the parent.
    pub(crate) fn call_hooks(&self, core: &Core) -> Result<(), Forked> {
        let process = OfProcess::new(());
        for job in &self.stopping {
            core.listeners.tell(job.header());
            process.get()?;
        }
        Ok(())
    }

    /// Tells the callers of queued jobs that the pool is shut down, and wakes them. Returns
    /// what to clean up after them. A worker must not call this while it counts as parked,
    /// because it runs other code's wakers.
    pub(crate) fn tell_abandoned(&mut self, core: &Core) -> Vec<DeferredCleanup> {
        let abandoned = mem::take(&mut self.abandoned);
        let tell = abandoned
            .iter()
            .map(|submitted| core.tell_shut_down(&submitted.job));
        let mut cleanups = core.tell_and_count(tell, |tally| &mut tally.cancelled);
        // Callers may have withdrawn some of these jobs since, so only the others count.
        self.report.abandoned = unrun(&cleanups);
        for cleanup in &mut cleanups {
            wake(cleanup.waker.take());
        }
        cleanups
    }

    /// Tells the callers of jobs that still run that the pool is shut down. Returns the
    /// finished report.
    pub(crate) fn finish(self, core: &Core) -> Shutdown {
        let Self {
            mut report,
            run,
            stopping,
            ..
        } = self;
        if stopping.is_empty() {
            return report;
        }
        let state = core.state();
        let is_left = |job: &&Arc<dyn Runnable>| {
            let mut here = state.jobs(ShutdownScope::All);
            job.header().shown().is_none() && here.any(|other| Arc::ptr_eq(other, job))
        };
        let left: Vec<_> = stopping.iter().filter(is_left).cloned().collect();
        let gone = stopping.len() - left.len();
        report.cancelled = to_usize(state.finished_except(&left) - run).min(gone);
        drop(state);
        // Workers had taken the other jobs, and gave them back without running them.
        report.abandoned += gone - report.cancelled;
        tell_left(core, &left, &mut report);
        report
    }
}

/// Tells the callers of these jobs that the pool is shut down, and reports the jobs.
fn tell_left(core: &Core, left: &[Arc<dyn Runnable>], report: &mut Shutdown) {
    let at = tick(core.born, now());
    let tell = left.iter().map(|job| core.tell_shut_down(job));
    let cleanups = core.tell_and_count(tell, |tally| &mut tally.cancelled);
    for (job, cleanup) in left.iter().zip(&cleanups) {
        if cleanup.left.is_some() {
            // A worker had taken the job, and has not begun it.
            report.abandoned += 1;
        } else if job.header().shown().is_some() {
            // The job has ended just before, and its caller gets the result.
            report.cancelled += 1;
        } else {
            report.running.push(still_running(job.header(), at));
        }
    }
    settle(cleanups);
}

/// Describes a job that still runs, as an item of a report. A job that begins just now has
/// the age 0.
pub(super) fn still_running(header: &Header, now: Tick) -> StillRunning {
    let age = header.begun().map(|begun| between(begun, now));
    StillRunning {
        at: header.at,
        age: age.unwrap_or_default(),
    }
}

fn to_usize(jobs: u64) -> usize {
    usize::try_from(jobs).unwrap_or(usize::MAX)
}
