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
//! So a wait that stays parked tries it out. It does so ever more rarely, each
//! time after twice the time, and thus costs nothing in the long run.

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
    /// Whether the wait is a task's, and may so hold a core back.
    in_task: bool,
    /// The last trial, and when it was made.
    trial: Option<(Outcome, Instant)>,
}

impl Doubts {
    /// Of a wait that begins now, here.
    pub(super) fn new() -> Self {
        Self {
            next: Instant::now() + FIRST,
            after: FIRST,
            in_task: task::try_id().is_some(),
            trial: None,
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
        match &self.trial {
            Some((outcome, _)) if outcome.load(Ordering::Acquire) == PENDING => false,
            Some((outcome, _)) if outcome.load(Ordering::Acquire) == DROPPED => true,
            Some(_) | None => {
                let outcome = self.try_out(runtime);
                let is_gone = outcome.load(Ordering::Acquire) == DROPPED;
                self.trial = Some((outcome, now));
                is_gone
            }
        }
    }

    /// Since when a trial has found nobody to run it, as far as the last look
    /// tells.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        let (outcome, since) = self.trial.as_ref()?;
        (outcome.load(Ordering::Acquire) == PENDING).then_some(*since)
    }

    fn try_out(&self, runtime: &Handle) -> Outcome {
        let outcome = Outcome::default();
        let trial = Trial(Arc::clone(&outcome));
        if self.in_task {
            runtime.spawn_blocking(move || trial.run());
        } else {
            runtime.spawn(async move { trial.run() });
        }
        outcome
    }
}

type Outcome = Arc<AtomicU8>;

const PENDING: u8 = 0;
const RUN: u8 = 1;
const DROPPED: u8 = 2;

/// Work that only shows what becomes of it.
struct Trial(Outcome);

impl Trial {
    fn run(self) {
        self.0.store(RUN, Ordering::Release);
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let unrun = (PENDING, DROPPED);
        let _has_run =
            (self.0).compare_exchange(unrun.0, unrun.1, Ordering::Release, Ordering::Relaxed);
    }
}
