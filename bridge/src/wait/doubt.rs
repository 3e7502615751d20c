//! A parked wait's doubts: has its runtime ended, and nobody could tell?
//!
//! The sentinel tells when a runtime's tasks are dropped, and there are ends
//! that don't get so far:
//!
//! * The thread that drops the tasks waits itself, in the destructor of one of
//!   them, and the sentinel may come after that. But a task spawned then is
//!   dropped unrun, at once.
//! * The worker that would drop them has handed its core over, for this wait or
//!   for a `block_in_place` that it is made in, and the runtime took no more
//!   blocking work by then, or dropped it from the queue. So nobody has the core
//!   until the wait is over, and a task spawned meanwhile stays. But blocking
//!   work is dropped unrun.
//!
//! So a wait that stays parked tries both out, the closure only where it may hold
//! a core back. It does so ever more rarely, each time after twice the time, and
//! thus costs nothing in the long run.
//!
//! What is tried out and stays undone tells something too: nobody is free to do
//! it, and what the wait needs may be in that queue as well.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, task};

/// A wait that has gone on for this long doubts for the first time.
const FIRST: Duration = Duration::from_millis(10);

/// When a wait next tries its runtime, and how.
pub(super) struct Doubts {
    next: Instant,
    after: Duration,
    /// Of a task, which a worker is to run.
    task: Trial,
    /// Of a closure, which a blocking thread is to run: where the wait is a
    /// task's.
    closure: Option<Trial>,
}

/// Which threads of a runtime are all busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    Workers,
    BlockingThreads,
}

impl Doubts {
    /// Of a wait that begins now, here.
    pub(super) fn new() -> Self {
        Self {
            next: Instant::now() + FIRST,
            after: FIRST,
            task: Trial::default(),
            closure: task::try_id().map(|_in_task| Trial::default()),
        }
    }

    /// When to look next.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Looks, if it is time to: whether `runtime` has ended.
    pub(super) fn is_gone(&mut self, runtime: &Handle, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.after = self.after.saturating_mul(2);
        // A wait so long that the clock can't tell has no further doubts.
        self.next = now.checked_add(self.after).unwrap_or(now + FIRST);
        let closure = self.closure.as_mut().is_some_and(|closure| {
            closure.is_dropped(now, |work| drop(runtime.spawn_blocking(|| work.run())))
        });
        closure || (self.task).is_dropped(now, |work| drop(runtime.spawn(async { work.run() })))
    }

    /// Since when a trial has found nobody to run it, as far as the last look
    /// tells.
    pub(super) fn stuck_since(&self) -> Option<(Instant, Busy)> {
        let closure = self.closure.as_ref().and_then(Trial::pending_since);
        let task = || Some((self.task.pending_since()?, Busy::Workers));
        // Where both are stuck, the workers may be so for want of such a thread.
        closure
            .map(|since| (since, Busy::BlockingThreads))
            .or_else(task)
    }
}

/// Something to be run, and when that was last asked for.
#[derive(Default)]
struct Trial(Option<(Outcome, Instant)>);

impl Trial {
    /// Whether it was dropped unrun. Asks anew if it has run.
    fn is_dropped(&mut self, now: Instant, submit: impl FnOnce(Work)) -> bool {
        if self.pending_since().is_some() {
            return false;
        }
        let known = self.0.as_ref().map(|(outcome, _)| outcome);
        if known.is_some_and(|outcome| outcome.load(Ordering::Acquire) == DROPPED) {
            return true;
        }
        let outcome = Outcome::default();
        submit(Work(Arc::clone(&outcome)));
        let is_dropped = outcome.load(Ordering::Acquire) == DROPPED;
        self.0 = Some((outcome, now));
        is_dropped
    }

    fn pending_since(&self) -> Option<Instant> {
        let (outcome, since) = self.0.as_ref()?;
        (outcome.load(Ordering::Acquire) == PENDING).then_some(*since)
    }
}

type Outcome = Arc<AtomicU8>;

const PENDING: u8 = 0;
const RUN: u8 = 1;
const DROPPED: u8 = 2;

/// Work that only shows what becomes of it.
struct Work(Outcome);

impl Work {
    fn run(self) {
        self.0.store(RUN, Ordering::Release);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let unrun = (PENDING, DROPPED);
        let _has_run =
            (self.0).compare_exchange(unrun.0, unrun.1, Ordering::Release, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    /// The longer a wait is parked, the longer it sleeps between two looks: it may
    /// take hours.
    #[test]
    fn looks_grow_rarer() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut doubts = Doubts::new();
        let mut gaps = Vec::new();
        for _ in 0..5 {
            let due = doubts.next();
            let early = due.checked_sub(Duration::from_millis(1)).unwrap();
            assert!(!doubts.is_gone(runtime.handle(), early));
            assert_eq!(doubts.next(), due, "it was not time yet");
            assert!(!doubts.is_gone(runtime.handle(), due));
            gaps.push((doubts.next() - due).as_millis());
        }
        assert_eq!(gaps, [20, 40, 80, 160, 320]);
    }
}
