//! The end of a pool: its phases, which only advance, and the jobs that are left.

use std::sync::Arc;

use super::{
    Claimed, Phase, Stack, State,
    parked_wait::{ParkedWait, find},
};
use crate::{
    job::runnable::{Runnable, Submitted},
    lineage::{Frame, JobId, Kind, Lineage},
    schedule::limits::WhenFull,
    thread::park::Unparker,
};

impl State {
    /// Advances to this phase, or stays in a later one. Returns the workers to wake.
    pub(crate) fn advance(&mut self, phase: Phase) -> Vec<Unparker> {
        self.phase = self.phase.max(phase);
        self.take_sleepers()
    }

    /// Returns whether the pool takes this job. A closed pool takes what an admitted job needs, so
    /// that the job can finish within the grace.
    ///
    /// A job that detaches another one, or tries to submit it, does not wait for it. And a job that
    /// was admitted late brings in only what its waits await. So a chain of jobs that each submit
    /// the next one ends when the pool is closed. A job that waits for a shutdown brings nothing in.
    pub(crate) fn admits(&self, job: &Submitted, when_full: WhenFull) -> bool {
        match self.phase {
            Phase::Open => true,
            Phase::Draining => self.needs_late(job, when_full),
            Phase::Stopped => false,
        }
    }

    #[cold]
    fn needs_late(&self, job: &Submitted, when_full: WhenFull) -> bool {
        let is_awaited = when_full == WhenFull::JoinBacklog && !job.header().is_detached();
        let of_drain = |drain: &Arc<Drain>| self.waiting_for(drain);
        let mut waiting: Vec<_> = self.drains.iter().flat_map(of_drain).collect();
        waiting.extend(&self.excluded);
        // A worker parks for the end a moment before its shutdown begins to wait for jobs.
        let for_end = self.parked_waits.iter().filter(|wait| wait.is_for_end);
        waiting.extend(for_end.filter_map(|wait| wait.request.frame.job()));
        let claimed: Vec<_> = self
            .jobs(ShutdownScope::Except(waiting))
            .map(|job| (JobId::of(job), job.header().is_late()))
            .collect();
        let needs = |frame: Arc<Frame>| {
            let is_wait = frame.kind() == Kind::Wait;
            let may_need = |is_late| {
                if is_late {
                    is_wait && is_awaited
                } else {
                    is_wait || is_awaited
                }
            };
            // A destructor or a waker may wait on a worker outside any job.
            let is_needed = frame.job().map_or(is_wait, |job| {
                let mut claimed = claimed.iter();
                claimed.any(|&(other, is_late)| other == job && may_need(is_late))
            });
            is_needed && frame.is_open_in(self.pool)
        };
        let is_needed = job.lineage.frames().any(needs);
        if is_needed {
            job.header().admit_late();
        }
        is_needed
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

    /// Notes a shutdown that begins to wait for jobs. Its code has this lineage, and `stack` is
    /// the stack of its worker, if it is a worker of this pool.
    pub(crate) fn begin_drain(&mut self, lineage: Lineage, stack: Option<usize>) -> Arc<Drain> {
        let below = stack
            .into_iter()
            .flat_map(|stack| self.stacks[stack].iter());
        let below = below.map(|claimed| JobId::of(&claimed.job)).collect();
        let drain = Arc::new(Drain { lineage, below });
        self.drains.push(Arc::clone(&drain));
        drain
    }

    /// Notes that this shutdown waits no more. Returns which jobs it had to wait for.
    pub(crate) fn end_drain(&mut self, drain: &Arc<Drain>) -> ShutdownScope {
        let scope = self.scope(drain);
        for job in self.waiting_for(drain) {
            // A job may begin a shutdown again and again.
            if !self.excluded.contains(&job) {
                self.excluded.push(job);
            }
        }
        self.drains.retain(|other| !Arc::ptr_eq(other, drain));
        scope
    }

    /// Returns which jobs this shutdown waits for. The answer changes when a job parks or comes
    /// back from its wait.
    pub(crate) fn scope(&self, drain: &Arc<Drain>) -> ShutdownScope {
        if self.waiting_for(drain).is_empty() {
            return ShutdownScope::All;
        }
        let drains = self.drains.iter().chain([drain]);
        let waiting = drains.flat_map(|drain| self.waiting_for(drain));
        ShutdownScope::Except(self.excluded.iter().copied().chain(waiting).collect())
    }

    /// Returns the jobs that wait for this shutdown.
    fn waiting_for(&self, drain: &Drain) -> Vec<JobId> {
        let waits = |frame: &Arc<Frame>| frame.kind() == Kind::Wait || self.is_job_asleep(frame);
        let mut first = drain.below.clone();
        first.extend(self.waiting_in(&drain.lineage, waits));
        self.held_up_by(first, waits)
    }

    /// Returns whether this is the frame of a parked job whose wait has not been woken.
    fn is_job_asleep(&self, frame: &Arc<Frame>) -> bool {
        let is_its = |parked_wait: &ParkedWait| {
            Arc::ptr_eq(parked_wait.account(), frame) && !parked_wait.request.unparker.is_unparked()
        };
        self.parked_waits.iter().any(is_its)
    }

    /// Returns the jobs of these open frames that wait.
    fn waiting_in(
        &self,
        lineage: &Lineage,
        waits: impl Fn(&Arc<Frame>) -> bool,
    ) -> impl Iterator<Item = JobId> {
        let frames = lineage.frames();
        let open = frames.filter(move |frame| frame.is_open_in(self.pool) && waits(frame));
        open.filter_map(|frame| frame.job())
    }

    /// Returns these jobs, and the jobs that can't end before one of them: jobs further down
    /// the same stack, jobs whose parked wait polls one of them, and jobs from which one of
    /// them descends, by a frame that `waits`.
    pub(crate) fn held_up_by(
        &self,
        mut jobs: Vec<JobId>,
        waits: impl Fn(&Arc<Frame>) -> bool,
    ) -> Vec<JobId> {
        let mut searched = 0;
        while searched < jobs.len() {
            let job = jobs[searched];
            searched += 1;
            let is_it = |claimed: &&Claimed| JobId::of(&claimed.job) == job;
            let mut stacks = self.stacks.iter();
            let found = stacks.find_map(|stack| Some((stack, stack.iter().find(is_it)?)));
            let Some((stack, claimed)) = found else {
                continue;
            };
            let below = stack.iter().map(|claimed| JobId::of(&claimed.job));
            let mut more: Vec<_> = below.take_while(|&other| other != job).collect();
            more.extend(self.waiting_in(&claimed.lineage, &waits));
            more.extend(self.job_of_parked_wait(claimed.job.header().adopter()));
            more.retain(|job| !jobs.contains(job));
            jobs.append(&mut more);
        }
        jobs
    }

    /// Returns the job whose wait has this number, if its worker is parked in it.
    fn job_of_parked_wait(&self, number: usize) -> Option<JobId> {
        let at = find(&self.parked_waits, number)?;
        self.parked_waits[at].request.frame.job()
    }

    /// Returns whether no job of this scope runs or is parked, and nothing is queued.
    pub(crate) fn is_quiet(&self, scope: ShutdownScope) -> bool {
        self.queue.ready() == 0 && self.jobs(scope).next().is_none()
    }

    /// Returns the jobs that the worker with this stack has claimed.
    #[cfg(all(unix, not(any(bridge_loom, bridge_shuttle))))]
    pub(crate) fn jobs_on(&self, stack: usize) -> Vec<JobId> {
        let claimed = self.stacks[stack].iter();
        claimed.map(|claimed| JobId::of(&claimed.job)).collect()
    }

    /// Returns the jobs of this scope that workers have claimed.
    pub(crate) fn jobs(&self, scope: ShutdownScope) -> impl Iterator<Item = &Arc<dyn Runnable>> {
        let jobs = self
            .stacks
            .iter()
            .flat_map(Stack::iter)
            .map(|claimed| &claimed.job);
        jobs.filter(move |job| match &scope {
            ShutdownScope::All => true,
            ShutdownScope::Except(excluded) => !excluded.contains(&JobId::of(job)),
        })
    }
}

/// A shutdown that waits for jobs.
pub(crate) struct Drain {
    /// The lineage of the code that waits.
    lineage: Lineage,
    /// The jobs on the stack of the worker that waits, if it is a worker of this pool.
    below: Vec<JobId>,
}

/// The jobs that a shutdown waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ShutdownScope {
    /// All jobs, because no job waits for this shutdown.
    All,
    /// All jobs except these, which wait for any shutdown. Two shutdowns whose jobs wait for
    /// each other would not end otherwise.
    Except(Vec<JobId>),
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
        job::Job,
        schedule::{limits::Limits, policy::Decision},
    };

    /// Otherwise the list of these jobs would grow with every call.
    #[test]
    fn a_job_that_asks_again_and_again_is_noted_once() {
        let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
        let stack = state.enter();
        let end = |state: &mut State| {
            let drain = state.begin_drain(Lineage::default(), Some(stack));
            state.end_drain(&drain)
        };
        assert_eq!(end(&mut state), ShutdownScope::All);
        let (job, lineage) =
            Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        let id = JobId::of(&job);
        state.begin(stack, &Submitted { job, lineage }, StartRight::Permit);
        for _ in 0..3 {
            assert!(matches!(end(&mut state), ShutdownScope::Except(jobs) if jobs.contains(&id)));
        }
        assert!(state.drains.is_empty());
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
