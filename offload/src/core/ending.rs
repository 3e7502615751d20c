//! The end of a pool: it takes no further job and waits for the last, for a grace.
//! Then it tells what still runs to stop, and waits once more.

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Core,
    dismissal::{settle, unrun},
};
use crate::{
    Lineage, OffloadError, Shutdown, StillRunning,
    job::runnable::{DeferredCleanup, Header, Runnable, Submitted},
    platform::sync::{MutexGuard, wait_for},
    schedule::state::{ParkDecision, Phase, ShutdownScope, State},
    thread::{
        clock::{Tick, between, tick},
        park::Unparker,
    },
};

/// Where a thread of the pool stands that shuts it down.
pub(crate) struct Here {
    pub(crate) stack: usize,
    /// Whether anybody is left to run what is queued.
    pub(crate) decision: ParkDecision,
}

/// A shutdown that has begun.
#[derive(Clone)]
pub(crate) struct Ending {
    /// Jobs that had run when it began.
    before: u64,
    /// When the grace is over; never if this is `None`.
    until: Option<Instant>,
    pub(crate) cancel_grace: Duration,
    /// Which waits depend on the shutdown.
    lineage: Lineage,
}

/// A pool after the grace: no job starts any more.
#[derive(Default)]
#[must_use]
pub(crate) struct Drained {
    report: Shutdown,
    /// Jobs that had run by then.
    run: u64,
    abandoned: Vec<Submitted>,
    /// Jobs that were told to stop.
    told: Vec<Arc<dyn Runnable>>,
}

impl Core {
    /// Takes no further job and lets the threads end when they run out of
    /// work. Doesn't wait. Says how many jobs had run by then.
    pub(crate) fn close(&self) -> u64 {
        if self.is_forked() {
            return 0;
        }
        let mut state = self.state();
        let refused = state.queue.drain_backlog();
        let sleepers = state.advance(Phase::Draining);
        let run = state.run();
        drop(state);
        sleepers.iter().for_each(Unparker::unpark);
        let told = refused.iter().map(|Submitted { job, .. }| job.refuse());
        self.dismiss(told, |tally| &mut tally.rejected);
        run
    }

    /// Closes the pool and starts the clock of the grace.
    pub(crate) fn begin_end(&self, grace: Duration) -> Ending {
        let before = self.close();
        Ending {
            before,
            until: Instant::now().checked_add(grace),
            cancel_grace: self.limits.cancel_grace.unwrap_or(grace / 10),
            lineage: Lineage::current(),
        }
    }

    /// Waits until what was admitted has ended or the grace is over. Then it takes
    /// out what is queued and tells what runs to stop.
    ///
    /// Jobs that wait for the shutdown are not waited for: those of its lineage, and
    /// all that stand on the stack of this thread, if `here` says that it is one of
    /// the pool.
    pub(crate) fn drain(&self, ending: &Ending, here: Option<Here>) -> Drained {
        if self.is_forked() {
            return Drained::default();
        }
        let mut state = self.state();
        let waiting = ending.lineage.waiting(self.id());
        let scope = state.exclude(waiting, here.as_ref().map(|here| here.stack));
        let alone = here.is_some_and(|here| here.decision == ParkDecision::Exhausted);
        self.job_ended.notify_all();
        // Nobody is left to run what is queued, if this thread is alone.
        while !(state.is_quiet(scope) || (alone && state.queue.ready() > 0)) {
            match self.wait_for_a_job(state, ending.until) {
                Ok(woken) => state = woken,
                Err(late) => {
                    state = late;
                    break;
                }
            }
        }
        let abandoned = state.queue.drain();
        let told: Vec<_> = state
            .jobs(scope)
            .filter(|job| job.header().shown().is_none())
            .cloned()
            .collect();
        for job in &told {
            job.header().stop();
        }
        let sleepers = state.advance(Phase::Closed);
        let run = state.run();
        drop(state);
        // What another shutdown waits for will not come any more.
        self.job_ended.notify_all();
        sleepers.iter().for_each(Unparker::unpark);
        Drained {
            report: Shutdown {
                completed: count(run - ending.before),
                ..Shutdown::default()
            },
            run,
            abandoned,
            told,
        }
    }

    /// Waits until `until` for the jobs that were told to stop.
    pub(crate) fn wait_for_told(&self, drained: &Drained, until: Option<Instant>) {
        let mut state = self.state();
        while state
            .jobs(ShutdownScope::All)
            .any(|job| drained.has_told(job))
        {
            match self.wait_for_a_job(state, until) {
                Ok(woken) => state = woken,
                Err(_late) => return,
            }
        }
    }

    /// Waits until a job has left the pool; `Err` if it is too late to wait.
    fn wait_for_a_job<'a>(
        &self,
        state: MutexGuard<'a, State>,
        until: Option<Instant>,
    ) -> Result<MutexGuard<'a, State>, MutexGuard<'a, State>> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(state);
        }
        Ok(wait_for(&self.job_ended, state, left).0)
    }
}

impl Ending {
    /// Whether nothing is left to wait for, or no time.
    pub(crate) fn is_over(&self, core: &Core) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
            || core.is_forked()
            || core.state().is_quiet(ShutdownScope::NotExcluded)
    }
}

impl Drained {
    fn has_told(&self, job: &Arc<dyn Runnable>) -> bool {
        self.told.iter().any(|told| Arc::ptr_eq(told, job))
    }

    /// Whether a job runs that was told to stop.
    pub(crate) fn is_anybody_told_to_stop(&self) -> bool {
        !self.told.is_empty()
    }

    /// Tells the callers of what was queued that the pool is shut down. Like what
    /// [`Orphans`](super::Orphans) do, this is nothing for a thread that is seated.
    pub(crate) fn tell_abandoned(&mut self, core: &Core) {
        let abandoned = mem::take(&mut self.abandoned);
        let told = abandoned.iter().map(|submitted| shut_down(&submitted.job));
        let told = core.tell_and_count(told, |tally| &mut tally.cancelled);
        // Others have been withdrawn since.
        self.report.abandoned = unrun(&told);
        settle(told);
    }

    /// Tells the callers of what still runs that the pool is shut down.
    pub(crate) fn finish(self, core: &Core) -> Shutdown {
        let Self {
            mut report,
            run,
            told,
            ..
        } = self;
        if told.is_empty() {
            return report;
        }
        let state = core.state();
        let is_left = |job: &&Arc<dyn Runnable>| {
            let mut here = state.jobs(ShutdownScope::All);
            job.header().shown().is_none() && here.any(|other| Arc::ptr_eq(other, job))
        };
        let left: Vec<_> = told.iter().filter(is_left).cloned().collect();
        report.cancelled = count(state.run() - run).min(told.len() - left.len());
        drop(state);
        // The others were given back by the threads that had taken them.
        report.abandoned += told.len() - left.len() - report.cancelled;
        let now = tick(core.born, Instant::now());
        let told = core.tell_and_count(left.iter().map(shut_down), |tally| &mut tally.cancelled);
        for (job, told) in left.iter().zip(&told) {
            if told.left.is_some() {
                // A thread had taken it, and has not begun.
                report.abandoned += 1;
            } else {
                report.running.push(still_running(job.header(), now));
            }
        }
        settle(told);
        report
    }
}

fn shut_down(job: &Arc<dyn Runnable>) -> DeferredCleanup {
    let at = job.header().at;
    job.abandon(OffloadError::ShutDown { at })
}

/// What a report says of a job that runs.
pub(super) fn still_running(header: &Header, now: Tick) -> StillRunning {
    StillRunning {
        at: header.at,
        age: between(header.begun(), now),
    }
}

fn count(jobs: u64) -> usize {
    usize::try_from(jobs).unwrap_or(usize::MAX)
}
