//! The thread on call, and who else is bound to look for work.

use std::{mem, time::Instant};

use super::{Berth, State};
use crate::{
    platform::sync::elapsed,
    schedule::policy::{Duty, Sight},
    thread::park::Unparker,
};

/// Which thread is on call, since when, and what had ended by then.
pub(super) struct Call {
    pub(super) owner: usize,
    alertness: Alertness,
    pub(super) since: Instant,
    ended: u64,
    roots_taken: u64,
}

/// How soon the thread on call will look.
pub(super) enum Alertness {
    /// It is being started, and may be held up by the start hook.
    Starting,
    /// It has been woken.
    Due,
    /// It lets those go on that run, and looks again in a while; where none
    /// does, it is to be woken.
    Watching(Unparker),
}

impl State {
    /// Puts a thread on call that sleeps: the one that watches, or the one that
    /// fell asleep last.
    pub(super) fn call_sleeper(&mut self) -> Option<Unparker> {
        self.watcher().or_else(|| {
            let berth = self.idle.pop()?;
            self.open_call(berth.id, Alertness::Due);
            Some(berth.unparker)
        })
    }

    /// The thread that watches, which is woken from here on.
    pub(super) fn watcher(&mut self) -> Option<Unparker> {
        let call = self.call.as_mut()?;
        match mem::replace(&mut call.alertness, Alertness::Due) {
            Alertness::Watching(unparker) => Some(unparker),
            other => {
                call.alertness = other;
                None
            }
        }
    }

    /// Whether a thread is bound to look at the queue before it sleeps, so that
    /// whoever submits has nobody to call.
    pub(super) fn has_lookout(&self) -> bool {
        self.spinner.is_some()
            || self.call.as_ref().is_some_and(|call| match call.alertness {
                // One that sleeps is sooner there than one that is being started.
                Alertness::Starting => self.idle.is_empty(),
                Alertness::Due => true,
                Alertness::Watching(_) => self.running > 0,
            })
    }

    pub(super) fn open_call(&mut self, owner: usize, alertness: Alertness) {
        self.call = Some(Call {
            owner,
            alertness,
            since: Instant::now(),
            ended: self.ended,
            roots_taken: self.queue.roots_taken(),
        });
    }

    pub(super) fn is_on_call(&self, id: usize) -> bool {
        self.call.as_ref().is_some_and(|call| call.owner == id)
    }

    /// Stays on call, asleep; its next look counts from here.
    pub(super) fn watch(&mut self, berth: &Berth) {
        self.open_call(berth.id, Alertness::Watching(berth.unparker.clone()));
    }

    /// What the thread on call is to do.
    pub(super) fn duty(&self) -> Duty {
        let Some(call) = &self.call else {
            return Duty::Rest;
        };
        (self.limits.duty)(Sight {
            ready: self.queue.ready(),
            running: self.running,
            cores: self.limits.cores,
            ended: self.ended - call.ended,
            elapsed: elapsed(call.since),
            overtaken: self.queue.queued_roots() > 0
                && self.queue.roots_taken() == call.roots_taken,
        })
    }

    /// Ends the sleep of a thread whose watch is over; false if somebody has
    /// called it just now.
    pub(crate) fn end_watch(&mut self, id: usize) -> bool {
        let call = self.call.as_mut().filter(|call| call.owner == id);
        call.is_none_or(|call| {
            let before = mem::replace(&mut call.alertness, Alertness::Due);
            matches!(before, Alertness::Watching(_))
        })
    }
}
