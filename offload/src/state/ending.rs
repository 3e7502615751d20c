//! The end of a pool: phases that only advance, and what is left in them.

use std::sync::Arc;

use super::{Phase, State};
use crate::{Lineage, park::Unparker, runnable::Runnable};

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

    /// Notes that the thread whose stack is `stack` shuts the pool down from
    /// its own job: nobody waits for that one, nor for those that wait for it.
    pub(crate) fn set_aside(&mut self, stack: usize, lineage: &Lineage) {
        let waiting = self.stacks_in(lineage);
        self.aside.extend(waiting);
        self.aside.push(stack);
    }

    /// Whether nothing runs, is parked or is queued, but for what was set aside.
    pub(crate) fn is_quiet(&self) -> bool {
        self.queue.ready() == 0 && self.jobs().next().is_none()
    }

    /// The jobs that threads have claimed, but for what was set aside.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Arc<dyn Runnable>> {
        let stacks = self.stacks.iter().enumerate();
        stacks
            .filter(|(stack, _)| !self.aside.contains(stack))
            .flat_map(|(_, jobs)| jobs)
    }
}
