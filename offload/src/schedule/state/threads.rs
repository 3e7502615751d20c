//! The pool's threads: how they start, sleep and end.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use super::{IdleThread, State, Step};
use crate::{job::runnable::Submitted, platform::sync::elapsed, thread::park::Unparker};

/// How long after a failed start no other is tried.
const START_AGAIN: Duration = Duration::from_millis(10);

impl State {
    /// Ends a thread that nobody called for the whole of its keep-alive; false
    /// if somebody has just done so.
    pub(crate) fn expire(&mut self, id: usize, stack: usize) -> bool {
        let Some(at) = self
            .idle
            .iter()
            .position(|this_thread| this_thread.id == id)
        else {
            return false;
        };
        self.idle.remove(at);
        self.leave(stack);
        true
    }

    /// A stack for a thread that starts.
    pub(crate) fn enter(&mut self) -> usize {
        self.free_stacks.pop().unwrap_or_else(|| {
            self.stacks.push(Vec::new());
            self.stacks.len() - 1
        })
    }

    /// The thread of this number could not be started. Gives a lender to be
    /// woken instead, or if nobody is there who will ever look, the jobs to be
    /// abandoned.
    pub(crate) fn start_failed(&mut self, id: usize) -> (Vec<Submitted>, Option<Unparker>) {
        self.threads -= 1;
        if self.is_searching(id) {
            self.searcher = None;
        }
        self.start_failed = Some(Instant::now());
        if !self.needs_help() {
            return (Vec::new(), None);
        }
        // Not another start: that would go on for ever.
        let called = self.call_sleeper().or_else(|| self.lend());
        self.note_stuck();
        if called.is_some() || self.is_attended() {
            return (Vec::new(), called);
        }
        (self.queue.drain(), None)
    }

    /// Whether a thread may be added: one for each permit, and while threads are
    /// parked as many as the limit allows. It is asked only if a job may start that
    /// nobody else can take, so there are never more than are needed.
    pub(super) fn may_start(&self) -> bool {
        let added = if self.parked_waits.is_empty() {
            0
        } else {
            self.limits.max_blocked_threads
        };
        let limit = self.permits() + added;
        // Where nobody is left who will look, it is tried at once.
        let failed = || {
            self.start_failed
                .is_some_and(|at| elapsed(at) < START_AGAIN)
        };
        self.threads < limit && !(self.is_attended() && failed())
    }

    pub(super) fn retire(&mut self, searches: bool, stack: usize) -> Step {
        if searches {
            self.searcher = None;
        }
        self.leave(stack);
        Step::Retire
    }

    pub(super) fn leave(&mut self, stack: usize) {
        self.threads -= 1;
        self.growth
            .shrink_to(self.threads.saturating_sub(self.limits.max_threads));
        self.free_stacks.push(stack);
        self.note_stuck();
    }

    pub(super) fn sleep(&mut self, this_thread: &IdleThread) -> Step {
        if self.is_searching(this_thread.id) {
            self.searcher = None;
        }
        self.idle.push(IdleThread {
            id: this_thread.id,
            unparker: this_thread.unparker.clone(),
            spins: Cell::new(false),
        });
        self.note_stuck();
        Step::Sleep
    }
}
