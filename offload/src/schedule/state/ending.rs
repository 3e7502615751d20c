//! The end of a pool: phases that only advance, and what is left in them.

use std::sync::Arc;

use super::{Phase, State};
use crate::{job::runnable::Runnable, nesting::lineage::JobId, thread::park::Unparker};

impl State {
    /// Moves towards the end, never back.
    pub(crate) fn advance(&mut self, phase: Phase) -> Vec<Unparker> {
        self.phase = self.phase.max(phase);
        // Whoever sleeps has nothing to wait for. They end by themselves: no
        // longer among the idle, they find the phase when they look.
        let mut sleepers: Vec<_> = self.watcher().into_iter().collect();
        sleepers.extend(self.idle.drain(..).map(|this_thread| this_thread.unparker));
        sleepers
    }

    /// Notes jobs that wait for a shutdown: those given, and those on `stack`.
    /// Says which jobs it has to see the end of.
    pub(crate) fn exclude(
        &mut self,
        waiting: impl Iterator<Item = JobId>,
        stack: Option<usize>,
    ) -> ShutdownScope {
        let Self {
            excluded, stacks, ..
        } = self;
        let below = stack.into_iter().flat_map(|stack| &stacks[stack]);
        let below = below.map(|claimed| &claimed.job);
        let mut scope = ShutdownScope::All;
        for job in waiting.chain(below.map(JobId::of)) {
            scope = ShutdownScope::NotExcluded;
            // It may ask again and again.
            if !excluded.contains(&job) {
                excluded.push(job);
            }
        }
        scope
    }

    /// Whether none of these jobs runs or is parked, and nothing is queued.
    pub(crate) fn is_quiet(&self, scope: ShutdownScope) -> bool {
        self.queue.ready() == 0 && self.jobs(scope).next().is_none()
    }

    /// Those of these jobs that threads have claimed.
    pub(crate) fn jobs(&self, scope: ShutdownScope) -> impl Iterator<Item = &Arc<dyn Runnable>> {
        let jobs = self.stacks.iter().flatten().map(|claimed| &claimed.job);
        jobs.filter(move |job| {
            scope == ShutdownScope::All || !self.excluded.contains(&JobId::of(job))
        })
    }
}

/// Which jobs a shutdown waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShutdownScope {
    /// No job waits for it.
    All,
    /// Some do, and may wait for other shutdowns whose jobs wait for this one.
    NotExcluded,
}

#[cfg(all(test, not(bridge_loom)))]
mod tests {
    use std::{panic::Location, time::Duration};

    use super::{super::credit::Right, *};
    use crate::{Bare, job::Job, pool::limits::Limits, schedule::policy};

    #[test]
    fn a_job_that_asks_again_and_again_is_noted_once() {
        let limits = Limits {
            max_threads: 1,
            max_blocked_threads: 1,
            queue_capacity: 1,
            keep_alive: Duration::ZERO,
            thread_name: String::new(),
            stack_size: 0,
            spin: Duration::ZERO,
            exit_grace: Duration::ZERO,
            cancel_grace: None,
            cores: 1,
            decide: policy::decide,
            grows: false,
        };
        let mut state = State::new(limits, Arc::default(), Arc::default());
        let stack = state.enter();
        assert_eq!(
            state.exclude([].into_iter(), Some(stack)),
            ShutdownScope::All
        );
        let (job, _) = Job::<_, _, Bare>::prepared(|| (), Location::caller());
        state.begin(stack, &(job as Arc<dyn Runnable>), Right::Permit);
        for _ in 0..3 {
            assert_eq!(
                state.exclude([].into_iter(), Some(stack)),
                ShutdownScope::NotExcluded
            );
        }
        assert_eq!(state.excluded.len(), 1);
    }
}
