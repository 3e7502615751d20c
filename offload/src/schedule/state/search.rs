//! The thread on call, and who else is bound to look for work.

use std::{mem, time::Instant};

use super::{IdleThread, State};
use crate::{
    platform::sync::elapsed,
    schedule::policy::{Decision, LoadSample},
    thread::park::Unparker,
};

/// Which thread is on call, since when, and what had ended by then.
pub(super) struct Searcher {
    pub(super) owner: usize,
    state: SearchState,
    pub(super) since: Instant,
    ended: u64,
    unrelated_taken: u64,
}

/// How soon the thread on call will look.
pub(super) enum SearchState {
    /// It is being started, and may be held up by the start hook.
    Starting,
    /// It has been woken.
    Woken,
    /// It lets those go on that run, and looks again in a while; where none
    /// does, it is to be woken.
    Watching(Unparker),
}

impl State {
    /// Puts a thread on call that sleeps: the one that watches, or the one that
    /// fell asleep last.
    pub(super) fn call_sleeper(&mut self) -> Option<Unparker> {
        self.watcher().or_else(|| {
            let this_thread = self.idle.pop()?;
            self.begin_search(this_thread.id, SearchState::Woken);
            Some(this_thread.unparker)
        })
    }

    /// The thread that watches, which is woken from here on.
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

    /// Whether a thread is bound to look at the queue before it sleeps, so that
    /// whoever submits has nobody to call.
    pub(super) fn has_lookout(&self) -> bool {
        self.spinner.is_some()
            || self
                .searcher
                .as_ref()
                .is_some_and(|searcher| match searcher.state {
                    // One that sleeps is sooner there than one that is being started.
                    SearchState::Starting => self.idle.is_empty(),
                    SearchState::Woken => true,
                    SearchState::Watching(_) => self.running > 0,
                })
    }

    pub(super) fn begin_search(&mut self, owner: usize, state: SearchState) {
        self.searcher = Some(Searcher {
            owner,
            state,
            since: Instant::now(),
            ended: self.ended,
            unrelated_taken: self.queue.unrelated_taken(),
        });
    }

    pub(super) fn is_searching(&self, id: usize) -> bool {
        self.searcher
            .as_ref()
            .is_some_and(|searcher| searcher.owner == id)
    }

    /// Stays on call, asleep; its next look counts from here.
    pub(super) fn watch(&mut self, this_thread: &IdleThread) {
        self.begin_search(
            this_thread.id,
            SearchState::Watching(this_thread.unparker.clone()),
        );
    }

    /// What the thread on call is to do.
    pub(super) fn decide(&self) -> Decision {
        let Some(searcher) = &self.searcher else {
            return Decision::Rest;
        };
        (self.limits.decide)(LoadSample {
            ready: self.queue.ready(),
            running: self.running,
            cores: self.limits.cores,
            ended: self.ended - searcher.ended,
            elapsed: elapsed(searcher.since),
            overtaken: self.queue.queued_unrelated() > 0
                && self.queue.unrelated_taken() == searcher.unrelated_taken,
        })
    }

    /// Ends the sleep of a thread whose watch is over; false if somebody has
    /// called it just now.
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
