//! The workers: how they start, sleep and end.

use std::{cell::Cell, sync::Arc, time::Duration};

use super::{Stack, State, Step, WorkerHandle};
use crate::{
    job::runnable::Submitted,
    platform::{
        sleep_probe::SleepProbe,
        sync::{elapsed, now},
    },
    thread::park::Unparker,
    timing::Recorder,
};

/// The time after a failed start in which no other start is tried.
const START_AGAIN: Duration = Duration::from_millis(10);

impl State {
    /// Ends a worker that nobody called during its keep-alive. Returns `false` if it has
    /// just been called.
    pub(crate) fn expire(&mut self, id: usize, stack: usize) -> bool {
        let Some(at) = self.idle.iter().position(|idle| idle.id == id) else {
            return false;
        };
        self.idle.remove(at);
        self.leave(stack);
        true
    }

    /// Returns the index of a stack for a worker that starts.
    pub(crate) fn enter(&mut self) -> usize {
        self.start_failed = None;
        self.free_stacks.pop().unwrap_or_else(|| {
            self.stacks.push(Stack::default());
            if let Some(clock) = &self.queue.clock {
                self.recorders.push(Arc::new(Recorder::new(clock.clone())));
            }
            self.stacks.len() - 1
        })
    }

    /// Notes how to ask whether the worker with this stack sleeps.
    pub(crate) fn set_probe(&mut self, stack: usize, probe: Option<SleepProbe>) {
        self.stacks[stack].probe = probe;
    }

    /// Notes that the worker of this number could not be started.
    ///
    /// Returns another worker to wake instead. If every worker is parked, there is no lender, and
    /// nobody would try again soon, it returns all queued jobs, whose callers must be told.
    pub(crate) fn start_failed(&mut self, id: usize) -> (Vec<Submitted>, Option<Unparker>) {
        self.threads -= 1;
        if self.is_searching(id) {
            self.searcher = None;
        }
        self.note_look(id);
        self.start_failed = Some(now());
        if !self.needs_help() {
            return (Vec::new(), None);
        }
        // A new worker is not tried here, because the failures would go on for ever.
        let called = self.call_sleeper().or_else(|| self.lend());
        self.start_monitor_if_stuck();
        if called.is_some() || self.has_unparked_worker() || self.may_have_worker_later() {
            return (Vec::new(), called);
        }
        (self.queue.drain(), None)
    }

    /// Returns whether the queued jobs can wait until a parked worker comes back, or until a
    /// worker can be started.
    ///
    /// The monitor tries a start at each look. A parked worker may wait for one of these jobs, so
    /// they wait no longer than such a wait would.
    fn may_have_worker_later(&self) -> bool {
        let (still, stuck) = self.stall.looks_without_progress();
        self.threads > 0 && self.stall.has_running_monitor() && !self.is_refusal_due(still, stuck)
    }

    /// Returns whether a worker may be added: one for each permit, and while a wait is
    /// parked, as many more as the limit allows. A pool that grows adds some beyond its limit,
    /// for its own jobs and for the newest ones.
    ///
    /// A pool of which nobody set a limit does not stop there. A request of a server to itself
    /// brings a pool there: nothing tells whose descendant it is. The parked jobs may wait for the
    /// queued ones, and so may a job that blocks.
    ///
    /// `help` starts a worker only for a job that may start and that no other worker can
    /// take. So there are never more workers than are needed.
    pub(super) fn may_start(&self) -> bool {
        let beyond = if self.queue.ready() > 0 {
            self.growth.workers_beyond_limit()
        } else {
            0
        };
        let limit = self.most_workers() + beyond;
        // If every worker is parked, a start is tried at once after a failure.
        let failed = || {
            self.start_failed
                .is_some_and(|at| elapsed(at) < START_AGAIN)
        };
        self.threads < limit && !(self.has_unparked_worker() && failed())
    }

    /// Counts a worker that is about to start, and returns its number.
    pub(super) fn add_worker(&mut self) -> usize {
        self.signs.add();
        self.threads += 1;
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Ends the worker with this stack.
    pub(super) fn retire(&mut self, searches: bool, stack: usize) -> Step {
        if searches {
            self.searcher = None;
        }
        self.leave(stack);
        Step::Retire
    }

    /// Stops counting the worker with this stack.
    pub(super) fn leave(&mut self, stack: usize) {
        self.threads -= 1;
        self.growth
            .shrink_to(self.threads.saturating_sub(self.limits.max_threads));
        self.free_stacks.push(stack);
        self.start_monitor_if_stuck();
        // It may have been the only idle worker, beyond the limit of a pool.
        if self.is_hopeless() {
            self.start_monitor();
        }
    }

    /// Puts this worker among the idle workers, or ends it if the pool keeps none.
    pub(super) fn sleep(&mut self, this_worker: &WorkerHandle, stack: usize) -> Step {
        let searches = self.is_searching(this_worker.id);
        if self.keeps_no_idle {
            return self.retire(searches, stack);
        }
        if searches {
            self.searcher = None;
        }
        self.idle.push(WorkerHandle {
            id: this_worker.id,
            unparker: this_worker.unparker.clone(),
            spins: Cell::new(false),
        });
        self.start_monitor_if_stuck();
        Step::Sleep
    }
}
