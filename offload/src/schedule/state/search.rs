//! The searching worker, and the question whether any worker is bound to look for jobs.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{Action, After, State, Step, WorkerHandle};
use crate::{
    platform::sync::{elapsed, now},
    schedule::policy::{Decision, LoadSample},
    thread::park::Unparker,
};

/// A worker that starts for so long seems to be held up by its start hook. A thread starts in
/// far less than a millisecond.
const SLOW_START: Duration = Duration::from_millis(100);

/// The worker that is searching, and the counts of the pool when it began.
pub(super) struct Searcher {
    pub(super) owner: usize,
    state: SearchState,
    /// The time at which the search or the watch began.
    pub(super) since: Instant,
    /// The number of jobs that had ended at that time.
    ended: u64,
    /// The number of unrelated jobs that had been taken at that time.
    unrelated_taken: u64,
}

/// A worker that the searching worker has called, and that has not looked at the queue yet.
pub(super) struct Called {
    id: usize,
    /// The state in which it would search.
    state: SearchState,
}

/// The state of the searching worker. It says how soon that worker will look.
pub(super) enum SearchState {
    /// It is starting, and the start hook may hold it up.
    Starting,
    /// It has been starting for so long that the start hook seems to block.
    HeldUp,
    /// It has been woken.
    Woken,
    /// It sleeps for a moment and lets the others work. It must be woken if no job runs.
    Watching(Unparker),
}

impl State {
    /// Calls a worker that sleeps: the watching worker, or else the idle worker that went
    /// to sleep last. Returns how to wake it.
    pub(super) fn call_sleeper(&mut self) -> Option<Unparker> {
        self.watcher().or_else(|| {
            let called = self.idle.pop()?;
            self.begin_search(called.id, SearchState::Woken);
            Some(called.unparker)
        })
    }

    /// Returns the step that the searching worker takes before it takes a job, if there is one.
    pub(super) fn watch_or_call(
        &mut self,
        after: After,
        this_worker: &WorkerHandle,
    ) -> Option<Step> {
        match self.decide() {
            Decision::Watch(time) => {
                self.watch(this_worker);
                Some(Step::Watch(time))
            }
            Decision::Call => {
                // It may start many workers, so it does not count as starting itself.
                if let Some(searcher) = &mut self.searcher {
                    searcher.state = SearchState::Woken;
                }
                self.call_others(after)
            }
            Decision::Work | Decision::Rest => None,
        }
    }

    /// Returns the next step of the searching worker, which sees that no job has ended for a while
    /// and that other jobs are queued. If the running jobs block, it calls one worker after the
    /// other. Returns `None` if it takes a job instead.
    ///
    /// A running job may only wait for a processor. Then more workers would not help.
    fn call_others(&mut self, after: After) -> Option<Step> {
        match after {
            After::Probe { jobs_block: true } => self.call_beside().map(Step::Call),
            After::Probe { jobs_block: false } => None,
            After::Job(_) | After::WakeUp | After::Spin => Some(Step::Probe(self.probes())),
        }
    }

    /// Calls one more worker beside the searching one. That worker does not search, and takes a
    /// job like a worker that has ended one. Returns `None` if there is none to call.
    pub(super) fn call_beside(&mut self) -> Option<Action> {
        if let Some(WorkerHandle { id, unparker, .. }) = self.idle.pop() {
            self.signs.add();
            let state = SearchState::Woken;
            self.called.push(Called { id, state });
            return Some(Action::Wake(unparker));
        }
        if !self.may_start() {
            return None;
        }
        let (id, state) = (self.add_worker(), SearchState::Starting);
        self.called.push(Called { id, state });
        Some(Action::Start(id))
    }

    /// Notes that the searching worker takes a job. The last of the called workers that are still
    /// on their way searches from now on. So no other need be called.
    pub(super) fn pass_search_on(&mut self) {
        self.searcher = None;
        if let Some(Called { id, state }) = self.called.pop() {
            self.begin_search(id, state);
        }
    }

    /// Notes that this worker looks at the queue, or never will.
    pub(super) fn note_look(&mut self, id: usize) {
        self.called.retain(|called| called.id != id);
    }

    /// Returns the number of workers that are about to look at the queue.
    pub(super) fn coming(&self) -> usize {
        // A parked worker that was lent a job counts as running.
        let parked = self.parked_waits.iter().filter(|wait| wait.lent.is_none());
        let busy_or_idle = parked.count() + self.running + self.idle.len();
        self.threads.saturating_sub(busy_or_idle)
    }

    /// Returns the number of jobs that may start now and for which no worker is coming. The
    /// searching worker is coming for one.
    pub(super) fn lacking(&self) -> usize {
        // A worker beyond the limit of the pool is there for one job.
        if self.threads > self.most_workers() && self.is_full() {
            return 0;
        }
        let may_start = self
            .permits()
            .saturating_sub(self.running)
            .min(self.queue.ready());
        may_start.saturating_sub(self.coming())
    }

    /// Calls the worker that watches, if there is one. Returns how to wake it.
    pub(super) fn watcher(&mut self) -> Option<Unparker> {
        let searcher = self.searcher.as_mut()?;
        match mem::replace(&mut searcher.state, SearchState::Woken) {
            SearchState::Watching(unparker) => Some(unparker),
            other => {
                searcher.state = other;
                None
            }
        }
    }

    /// Returns whether a worker is bound to look at the queue before it sleeps. If so, a
    /// submitter need not call any.
    pub(super) fn has_lookout(&self) -> bool {
        self.spinner.is_some()
            || self
                .searcher
                .as_ref()
                .is_some_and(|searcher| match searcher.state {
                    // An idle worker is there sooner than a worker that is starting.
                    SearchState::Starting | SearchState::HeldUp => self.idle.is_empty(),
                    SearchState::Woken => true,
                    SearchState::Watching(_) => self.lively() > 0,
                })
    }

    /// Returns whether the only worker that is bound to look at the queue seems to be held up
    /// by its start hook.
    pub(super) fn is_held_up(&self) -> bool {
        let is_held_up = |searcher: &Searcher| matches!(searcher.state, SearchState::HeldUp);
        self.has_lookout()
            && self.spinner.is_none()
            && self.searcher.as_ref().is_some_and(is_held_up)
    }

    /// Returns whether the only worker that is bound to look at the queue is starting, and may
    /// fail to: the start before it has failed.
    pub(super) fn may_fail_to_look(&self) -> bool {
        self.start_failed.is_some() && self.spinner.is_none() && self.is_starting()
    }

    /// Returns whether the searching worker is a thread that is starting.
    pub(super) fn is_starting(&self) -> bool {
        let is_starting = |searcher: &Searcher| matches!(searcher.state, SearchState::Starting);
        self.searcher.as_ref().is_some_and(is_starting)
    }

    /// Returns whether the searching worker was called, and is not held up.
    pub(super) fn is_called(&self) -> bool {
        let is_called = |searcher: &Searcher| {
            matches!(searcher.state, SearchState::Starting | SearchState::Woken)
        };
        self.searcher.as_ref().is_some_and(is_called)
    }

    /// Notes whether the start hook seems to hold the searching worker up. Only the monitor
    /// asks the clock for that, so a push need not.
    pub(super) fn note_held_up(&mut self, now: Instant) {
        if let Some(searcher) = &mut self.searcher
            && matches!(searcher.state, SearchState::Starting)
            && now.saturating_duration_since(searcher.since) >= SLOW_START
        {
            searcher.state = SearchState::HeldUp;
        }
    }

    /// Makes this worker the searching worker.
    pub(super) fn begin_search(&mut self, owner: usize, state: SearchState) {
        self.searcher = Some(Searcher {
            owner,
            state,
            since: now(),
            ended: self.ended,
            unrelated_taken: self.queue.unrelated_taken(),
        });
    }

    /// Returns whether this worker is searching.
    pub(super) fn is_searching(&self, id: usize) -> bool {
        self.searcher
            .as_ref()
            .is_some_and(|searcher| searcher.owner == id)
    }

    /// Notes that the searching worker begins to watch.
    pub(super) fn watch(&mut self, this_worker: &WorkerHandle) {
        self.begin_search(
            this_worker.id,
            SearchState::Watching(this_worker.unparker.clone()),
        );
    }

    /// Returns what the searching worker does next.
    pub(super) fn decide(&self) -> Decision {
        let Some(searcher) = &self.searcher else {
            return Decision::Rest;
        };
        if self.keeps_no_idle {
            return Decision::Rest;
        }
        (self.limits.decide)(LoadSample {
            ready: self.queue.ready(),
            running: self.running,
            lively: self.lively(),
            lacking: self.lacking(),
            cores: self.limits.cores,
            ended: self.ended - searcher.ended,
            elapsed: elapsed(searcher.since),
            overtaken: self.queue.queued_unrelated() > 0
                && self.queue.unrelated_taken() == searcher.unrelated_taken,
            #[cfg(bridge_loom)]
            taken: self.queue.unrelated_taken(),
        })
    }

    /// Ends the watch of a worker. Returns `false` if the worker has been called
    /// meanwhile.
    pub(crate) fn end_watch(&mut self, id: usize) -> bool {
        let searcher = self
            .searcher
            .as_mut()
            .filter(|searcher| searcher.owner == id);
        searcher.is_none_or(|searcher| {
            let before = mem::replace(&mut searcher.state, SearchState::Woken);
            matches!(before, SearchState::Watching(_))
        })
    }
}
