//! The end of a pool: phases that only advance, and what is left in them.

use std::sync::Arc;

use super::{Phase, State};
use crate::{lineage::JobId, park::Unparker, runnable::Runnable};

impl State {
    /// Moves towards the end, never back.
    pub(crate) fn advance(&mut self, phase: Phase) -> Vec<Unparker> {
        self.phase = self.phase.max(phase);
        // Whoever sleeps has nothing to wait for. They end by themselves: no
        // longer among the idle, they find the phase when they look.
        let mut sleepers: Vec<_> = self.watcher().into_iter().collect();
        sleepers.extend(self.idle.drain(..).map(|berth| berth.unparker));
        sleepers
    }

    /// Notes jobs that wait for the pool's end: nobody waits for them.
    pub(crate) fn set_aside(&mut self, waiting: impl Iterator<Item = JobId>) {
        self.aside.extend(waiting);
    }

    /// Whether nothing runs, is parked or is queued, but for what was set aside.
    pub(crate) fn is_quiet(&self) -> bool {
        self.queue.ready() == 0 && self.jobs().next().is_none()
    }

    /// The jobs that threads have claimed, but for what was set aside.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Arc<dyn Runnable>> {
        let jobs = self.stacks.iter().flatten();
        jobs.filter(|job| !self.aside.contains(&JobId::of(job)))
    }
}
