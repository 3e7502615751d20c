//! The end of a pool: no further job, then at most so long until the last.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Core,
    dismissal::{settle, unrun},
};
use crate::{
    Lineage, OffloadError, Shutdown,
    park::Unparker,
    runnable::{Runnable, Submitted},
    state::{Phase, Seating},
    sync::wait_for,
};

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

impl Core {
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
        self.dismiss(told, |tally| &mut tally.rejected);
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
        let waiting = Lineage::current().waiting(self.id());
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
        let told = core.tell_and_count(told, |tally| &mut tally.cancelled);
        // A thread had taken them, and has not begun.
        report.running -= unrun(&told[report.abandoned..]);
        // Others have been withdrawn since.
        report.abandoned = unrun(&told);
        settle(told);
        report
    }
}
