//! The inbox: submitters leave jobs here while they would have nobody to call.
//!
//! A push has nobody to call if a worker is searching or spinning, or if every permit is
//! taken. In a storm of short jobs nearly every push is like that. Submitters and workers would then pass the
//! pool's lock to and fro, which moves a cache line for each job. So meanwhile the inbox
//! is *open*, and submitters leave unrelated jobs in it, under the inbox's own lock. A
//! worker that runs out of work collects all of them at once.
//!
//! The state opens and closes the inbox under the pool's lock, which is always taken
//! before the inbox's lock. A job in the inbox has been admitted, because the room for
//! the jobs is reserved when the inbox is opened.

use std::{collections::VecDeque, mem, sync::atomic::Ordering};

use crate::{
    job::runnable::Submitted,
    platform::sync::{AtomicUsize, Mutex, lock},
    schedule::expected_start::ExpectedStart,
};

/// The value that is shown while the inbox is closed.
const CLOSED: usize = usize::MAX;

/// The jobs that submitters have left without the pool's lock.
pub(crate) struct Inbox {
    /// The number of jobs in the inbox, or [`CLOSED`]. It can be read without a lock.
    shown: AtomicUsize,
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    jobs: VecDeque<Submitted>,
    /// The number of jobs that may still be left here. It is zero while the inbox is
    /// closed.
    room: usize,
    /// When a worker takes the next job that is left here.
    next: ExpectedStart,
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
    /// Leaves an unrelated job here. Returns the job if the inbox is closed or full.
    pub(crate) fn leave(&self, job: Submitted) -> Result<ExpectedStart, Submitted> {
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

    /// Returns whether a job is here, without taking the lock.
    pub(crate) fn holds_work(&self) -> bool {
        !matches!(self.shown.load(Ordering::Relaxed), 0 | CLOSED)
    }

    /// Moves the jobs of the inbox to the end of `jobs`, and returns how many they were.
    ///
    /// `room` gets that number, and returns how many jobs may be left from now on. If it
    /// returns zero, the inbox is closed. `next` says when the first of those jobs is
    /// taken, if at most one job was moved now.
    pub(crate) fn collect(
        &self,
        jobs: &mut VecDeque<Submitted>,
        next: ExpectedStart,
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
        // The worker that has moved one job takes that job, and then the next.
        slots.next = if moved <= 1 {
            next
        } else {
            ExpectedStart::InTurn
        };
        let shown = if slots.room == 0 { CLOSED } else { 0 };
        self.shown.store(shown, Ordering::Relaxed);
        moved
    }
}
