//! Where jobs are left while somebody is bound to look for them.
//!
//! A push that finds a thread on call, or spinning, has nobody to call. In a
//! storm of short jobs nearly every push is one of these, and those who submit
//! would pass the pool's lock to and fro with those who work, a cache line for
//! each job. So meanwhile the inbox is *open*, and roots are left here, under a
//! lock of its own; whoever runs out of work collects all that was left, at once.
//!
//! The state opens and closes it, under its own lock, which is taken first. What
//! is left here has been admitted: the room for it is reserved when the inbox is
//! opened.

use std::{collections::VecDeque, mem, sync::atomic::Ordering};

use crate::{
    job::runnable::Submitted,
    platform::sync::{AtomicUsize, Mutex, lock},
};

/// What is shown while the inbox is closed.
const CLOSED: usize = usize::MAX;

/// Written by those who submit.
pub(crate) struct Inbox {
    /// How many jobs are here, for those who have no lock, or [`CLOSED`].
    shown: AtomicUsize,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    jobs: VecDeque<Submitted>,
    /// How many more may be left; zero while closed.
    room: usize,
    /// When the next that is left is taken.
    next: Pickup,
}

/// When a job that was left is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) enum Pickup {
    /// When those who work, or the thread on call, next look.
    #[default]
    InTurn,
    /// At once, or after the job that a thread is at: it is the next.
    AtOnce,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            shown: AtomicUsize::new(CLOSED),
            slots: Mutex::default(),
        }
    }
}

impl Inbox {
    /// Leaves a root here, or gives it back if the inbox is closed or full.
    pub(crate) fn leave(&self, job: Submitted) -> Result<Pickup, Submitted> {
        if self.shown.load(Ordering::Relaxed) == CLOSED {
            return Err(job);
        }
        let mut slots = lock(&self.slots);
        if slots.room == 0 {
            return Err(job);
        }
        slots.room -= 1;
        slots.jobs.push_back(job);
        self.shown.store(slots.jobs.len(), Ordering::Relaxed);
        Ok(mem::take(&mut slots.next))
    }

    /// Whether a job is here, at a glance.
    pub(crate) fn holds_work(&self) -> bool {
        !matches!(self.shown.load(Ordering::Relaxed), 0 | CLOSED)
    }

    /// Moves what was left behind `jobs`, and is open from now on for as many
    /// more as `room` says when told how many were moved: closed, for none. Says
    /// how many were moved. `next` is when the first that is left then is taken, if
    /// it comes soon.
    pub(crate) fn collect(
        &self,
        jobs: &mut VecDeque<Submitted>,
        next: Pickup,
        room: impl FnOnce(usize) -> usize,
    ) -> usize {
        let mut slots = lock(&self.slots);
        let moved = slots.jobs.len();
        if jobs.is_empty() {
            mem::swap(jobs, &mut slots.jobs);
        } else {
            jobs.append(&mut slots.jobs);
        }
        slots.room = room(moved);
        // Whoever has moved one takes it, and then the next.
        slots.next = if moved <= 1 { next } else { Pickup::InTurn };
        let shown = if slots.room == 0 { CLOSED } else { 0 };
        self.shown.store(shown, Ordering::Relaxed);
        moved
    }
}
