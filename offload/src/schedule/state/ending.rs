//! The end of a pool: its phases, which only advance, and the jobs that are left.

use std::sync::Arc;

use super::{Phase, Stack, State};
use crate::{job::runnable::Runnable, lineage::JobId, thread::park::Unparker};

impl State {
    /// Advances to this phase, or stays in a later one. Returns the workers to wake.
    pub(crate) fn advance(&mut self, phase: Phase) -> Vec<Unparker> {
        self.phase = self.phase.max(phase);
        self.take_sleepers()
    }

    /// Lets each worker end that has no job, although the pool stays open. Returns the
    /// workers to wake. A job that is pushed from now on gets one of these, or a new worker.
    #[cfg(not(any(bridge_loom, bridge_shuttle)))]
    pub(crate) fn end_idle(&mut self) -> Vec<Unparker> {
        self.keeps_no_idle = true;
        self.take_sleepers()
    }

    /// Takes the workers out that have nothing to wait for any more. Once they are woken,
    /// they look for a job, find none, and end.
    fn take_sleepers(&mut self) -> Vec<Unparker> {
        let mut sleepers: Vec<_> = self.watcher().into_iter().collect();
        sleepers.extend(self.idle.drain(..).map(|idle| idle.unparker));
        sleepers
    }

    /// Returns the number of workers that have jobs.
    #[cfg(not(any(bridge_loom, bridge_shuttle)))]
    pub(crate) fn workers_with_jobs(&self) -> usize {
        let have_jobs = |stack: &&Stack| stack.iter().next().is_some();
        self.stacks.iter().filter(have_jobs).count()
    }

    /// Notes the jobs that wait for a shutdown: the `waiting` jobs, and the jobs on
    /// `stack`. Returns which jobs the shutdown waits for.
    pub(crate) fn exclude(
        &mut self,
        waiting: impl Iterator<Item = JobId>,
        stack: Option<usize>,
    ) -> ShutdownScope {
        let Self {
            excluded, stacks, ..
        } = self;
        let below = stack.into_iter().flat_map(|stack| stacks[stack].iter());
        let below = below.map(|claimed| &claimed.job);
        let mut scope = ShutdownScope::All;
        for job in waiting.chain(below.map(JobId::of)) {
            scope = ShutdownScope::NotExcluded;
            // A job may begin a shutdown again and again.
            if !excluded.contains(&job) {
                excluded.push(job);
            }
        }
        scope
    }

    /// Returns whether no job of this scope runs or is parked, and nothing is queued.
    pub(crate) fn is_quiet(&self, scope: ShutdownScope) -> bool {
        self.queue.ready() == 0 && self.jobs(scope).next().is_none()
    }

    /// Returns the jobs of this scope that workers have claimed.
    pub(crate) fn jobs(&self, scope: ShutdownScope) -> impl Iterator<Item = &Arc<dyn Runnable>> {
        let jobs = self
            .stacks
            .iter()
            .flat_map(Stack::iter)
            .map(|claimed| &claimed.job);
        jobs.filter(move |job| {
            scope == ShutdownScope::All || !self.excluded.contains(&JobId::of(job))
        })
    }
}

/// The jobs that a shutdown waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShutdownScope {
    /// All jobs, because no job waits for this shutdown.
    All,
    /// All jobs except those that wait for any shutdown. Two shutdowns whose jobs wait
    /// for each other would not end otherwise.
    NotExcluded,
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::{panic::Location, time::Duration};

    use super::{
        super::{credit::StartRight, search::SearchState},
        *,
    };
    use crate::{
        Bare, Config,
        job::{Job, runnable::Submitted},
        schedule::{limits::Limits, policy::Decision},
    };

    /// Otherwise the list of these jobs would grow with every call.
    #[test]
    fn a_job_that_asks_again_and_again_is_noted_once() {
        let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
        let stack = state.enter();
        assert_eq!(
            state.exclude([].into_iter(), Some(stack)),
            ShutdownScope::All
        );
        let (job, lineage) =
            Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        state.begin(stack, &Submitted { job, lineage }, StartRight::Permit);
        for _ in 0..3 {
            assert_eq!(
                state.exclude([].into_iter(), Some(stack)),
                ShutdownScope::NotExcluded
            );
        }
        assert_eq!(state.excluded.len(), 1);
    }

    /// Otherwise the exit takes its whole grace, as long as others submit short jobs.
    #[test]
    fn no_thread_watches_while_the_exit_waits_for_it() {
        let mut limits = Limits::smallest();
        limits.decide = |_| Decision::Watch(Duration::ZERO);
        let mut state = State::new(limits, Arc::default(), Arc::default());
        state.begin_search(0, SearchState::Woken);
        assert!(matches!(state.decide(), Decision::Watch(_)));
        let _sleepers = state.end_idle();
        assert!(matches!(state.decide(), Decision::Rest));
    }
}
