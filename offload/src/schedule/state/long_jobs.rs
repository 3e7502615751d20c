//! The running jobs that are long, so their workers do not come back to the queue soon.
//!
//! The searching worker watches while other workers run short jobs, because they come for the next
//! ones. The worker of a job that blocks for long, such as the loop of an actor, does not come. If it
//! counted, each job that is queued beside it would wait until the watch is over.
//!
//! Jobs are numbered as they begin, or come back from a wait. Each [`WATCH`] or later, the
//! searching worker makes a mark at the last number. A job that began before the last mark but one
//! is long. So it has run for a watch at least.

use std::time::Instant;

use super::{State, stacks::Stack};
use crate::schedule::policy::WATCH;

/// The number of a parked job, which does not run.
const PARKED: u64 = u64::MAX;

/// The count of the long jobs.
#[derive(Default)]
pub(super) struct LongJobs {
    /// The last number that was given.
    last: u64,
    /// The last number at the last mark, and the time of that mark.
    mark: Option<(u64, Instant)>,
    /// A running job with this number or a lower one is long.
    up_to: u64,
    /// The number of running jobs that are long.
    count: usize,
}

impl LongJobs {
    /// Returns a number for a job that begins, or comes back from a wait.
    #[inline]
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Returns whether a job with this number is long, if it runs.
    #[inline]
    pub(super) fn is_long(&self, number: u64) -> bool {
        number <= self.up_to
    }

    /// Notes that the job with this number ends or parks.
    #[inline]
    pub(super) fn leave(&mut self, number: u64) {
        if self.is_long(number) {
            self.count = self.count.saturating_sub(1);
        }
    }
}

impl State {
    /// Returns the number of running jobs that are not long.
    pub(super) fn lively(&self) -> usize {
        self.running.saturating_sub(self.long_jobs.count)
    }

    /// Makes a mark, unless the last one is too recent. Only a worker that is about to decide calls
    /// this: afterwards there may be no lively job, although this worker watched under one.
    pub(super) fn mark_long_jobs(&mut self, now: Instant) {
        // loom repeats an execution step by step, so nothing in it may depend on the clock.
        if cfg!(bridge_loom) {
            return;
        }
        let this = &mut self.long_jobs;
        if let Some((number, at)) = this.mark {
            if now.saturating_duration_since(at) < WATCH {
                return;
            }
            this.up_to = number;
            let running = self.stacks.iter().filter_map(Stack::innermost);
            this.count = running.filter(|job| this.is_long(job.number)).count();
        }
        this.mark = Some((this.last, now));
    }

    /// Takes the innermost job off this stack, because it has ended or was given back.
    pub(super) fn pop_job(&mut self, stack: usize) {
        if let Some(number) = self.stacks[stack].pop() {
            self.long_jobs.leave(number);
        }
    }

    /// Notes that the innermost job on this stack parks.
    pub(super) fn note_parked(&mut self, stack: usize) {
        if let Some(job) = self.stacks[stack].innermost_mut() {
            self.long_jobs.leave(job.number);
            job.number = PARKED;
        }
    }

    /// Notes that the innermost job on this stack comes back from its wait.
    pub(super) fn note_back(&mut self, stack: usize) {
        if let Some(job) = self.stacks[stack].innermost_mut() {
            job.number = self.long_jobs.next();
        }
    }
}
