//! Finds out that a runtime has ended where its sentinel cannot tell.
//!
//! The sentinel tells when the runtime drops its tasks. Two ends never get so far:
//!
//! * The thread that drops the tasks may itself be waiting, in the destructor of a task
//!   that is dropped before the sentinel. But the runtime drops a newly spawned task at
//!   once, without running it.
//! * The worker that would drop the tasks may have handed its core over. This wait made it
//!   do that, or a `block_in_place` around the wait. If the runtime no longer took
//!   blocking work, no thread took the core, and no thread has it until the wait is over.
//!   A newly spawned task stays queued. But the runtime drops blocking work without
//!   running it.
//!
//! So a wait that stays parked submits a *canary* now and then. A canary is a task. If
//! the wait may hold a core back, it submits a blocking closure too. The time between two
//! canaries doubles each time, so they cost nothing in the long run.
//!
//! If a canary is still queued, every worker or every blocking thread is busy, and the work
//! that the wait needs may be in the same queue. [`stall`](super::stall) warns of that.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, task};

/// A wait that has gone on for this long submits its first canary.
const FIRST: Duration = Duration::from_millis(100);

/// Submits canaries to the runtime of a wait.
pub(super) struct LivenessProbe {
    next: Instant,
    /// The time between the last canary and the next.
    interval: Duration,
    /// A task, which a worker runs.
    task: Canary,
    /// A closure, which a blocking thread runs. Only a wait in a task has this canary,
    /// because only such a wait may hold a core back.
    closure: Option<Canary>,
}

/// The threads of a runtime that are all busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BusyThreads {
    Workers,
    Blocking,
}

impl LivenessProbe {
    /// Makes the probe of a wait that begins now, on this thread.
    pub(super) fn new() -> Self {
        Self {
            next: Instant::now() + FIRST,
            interval: FIRST,
            task: Canary::default(),
            closure: task::try_id().map(|_in_task| Canary::default()),
        }
    }

    /// Returns when the next canary is due.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Probes the runtime if a probe is due: submits the canaries that are not queued. Returns
    /// whether `runtime` is now known to have ended.
    #[must_use]
    pub(super) fn probe_if_due(&mut self, runtime: &Handle, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.interval = self.interval.saturating_mul(2);
        // The clock may not be able to represent the sum.
        self.next = now.checked_add(self.interval).unwrap_or(now + FIRST);
        let closure = self.closure.as_mut().is_some_and(|closure| {
            closure.check_and_resubmit(now, |work| drop(runtime.spawn_blocking(|| work.run())))
        });
        closure
            || (self.task).check_and_resubmit(now, |work| drop(runtime.spawn(async { work.run() })))
    }

    /// Returns since when a canary has been queued, and which threads are busy.
    pub(super) fn stuck_since(&self) -> Option<(Instant, BusyThreads)> {
        let closure = self.closure.as_ref().and_then(Canary::pending_since);
        let task = || Some((self.task.pending_since()?, BusyThreads::Workers));
        // If both are queued, the workers may lack a blocking thread.
        closure
            .map(|since| (since, BusyThreads::Blocking))
            .or_else(task)
    }
}

/// Work that was submitted to the runtime last: its outcome, and when that was.
#[derive(Default)]
struct Canary(Option<(Outcome, Instant)>);

impl Canary {
    /// Submits another canary, unless the last is still queued. Returns whether the runtime
    /// dropped the new one unrun. If it has dropped the last one, it drops this one too.
    #[must_use]
    fn check_and_resubmit(&mut self, now: Instant, submit: impl FnOnce(Work)) -> bool {
        if self.pending_since().is_some() {
            return false;
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

/// Work that does nothing, and shows whether it was run or dropped.
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

    /// Otherwise the warning would wait for a second from the last canary, and not from the
    /// first.
    #[test]
    fn a_canary_that_is_still_queued_is_not_replaced() {
        // Nobody drives this runtime.
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut probe = LivenessProbe::new();
        let first = probe.next();
        for _ in 0..3 {
            let due = probe.next();
            assert!(!probe.probe_if_due(runtime.handle(), due));
            assert_eq!(probe.stuck_since(), Some((first, BusyThreads::Workers)));
        }
        let (handle, due) = (runtime.handle().clone(), probe.next());
        drop(runtime);
        assert!(probe.probe_if_due(&handle, due), "it was dropped unrun");
    }

    /// Otherwise a wait ends although its runtime lives, if a worker runs the canary at once.
    #[test]
    fn work_that_has_run_was_not_dropped() {
        let outcome = Outcome::default();
        Work(Arc::clone(&outcome)).run();
        assert_eq!(outcome.load(Ordering::Acquire), RUN);
    }

    /// Otherwise a wait that is parked for hours wakes up all the time.
    #[test]
    fn canaries_grow_rarer() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut probe = LivenessProbe::new();
        let mut gaps = Vec::new();
        for _ in 0..5 {
            let due = probe.next();
            let early = due.checked_sub(Duration::from_millis(1)).unwrap();
            assert!(!probe.probe_if_due(runtime.handle(), early));
            assert_eq!(probe.next(), due, "no canary was due");
            assert!(!probe.probe_if_due(runtime.handle(), due));
            gaps.push((probe.next() - due).as_millis());
        }
        assert_eq!(gaps, [200, 400, 800, 1600, 3200]);
    }
}
