//! Counting: what has happened to jobs, and what the metrics show.

use super::State;
use crate::{Metrics, job::runnable::Finish};

/// Counts that only grow, and peaks.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) completed: u64,
    pub(crate) cancelled: u64,
    pub(crate) panicked: u64,
    pub(crate) rejected: u64,
    pub(super) peak_threads: usize,
    pub(super) peak_blocked: usize,
}

impl State {
    /// Counts the end of a job on this stack.
    pub(crate) fn end(&mut self, stack: usize, finish: Finish) {
        self.give_credit_back(stack);
        let claimed = self.stacks[stack].pop();
        let is_beyond = claimed.is_some_and(|claimed| claimed.is_beyond);
        self.ended += 1;
        self.growth.note_end(self.is_progress(is_beyond));
        match finish {
            Finish::Completed => self.tally.completed += 1,
            Finish::Panicked => self.tally.panicked += 1,
            Finish::Withdrawn => {}
        }
    }

    /// Jobs that have run to an end, as far as anybody can see.
    pub(crate) fn run(&self) -> u64 {
        let jobs = self.stacks.iter().flatten();
        let shown = jobs
            .filter(|claimed| claimed.job.header().shown().is_some())
            .count();
        self.tally.completed + self.tally.panicked + shown as u64
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let Tally {
            mut completed,
            cancelled,
            mut panicked,
            rejected,
            ..
        } = self.tally;
        let (mut running, mut busy) = (self.running, 0);
        for (at, stack) in self.stacks.iter().enumerate() {
            // Whoever sees a result must find it counted, though its thread has
            // not said so yet.
            let shown = stack
                .iter()
                .filter_map(|claimed| claimed.job.header().shown());
            let before = completed + panicked;
            for finish in shown {
                match finish {
                    Finish::Completed => completed += 1,
                    Finish::Panicked => panicked += 1,
                    Finish::Withdrawn => {}
                }
            }
            // A waker may wait, and so be parked, or be lent another.
            let is_done =
                stack.len() == 1 && completed + panicked > before && !self.is_wait_parked(at);
            running -= usize::from(is_done);
            busy += usize::from(!stack.is_empty() && !is_done);
        }
        Metrics {
            threads: self.threads,
            idle: self.threads - busy,
            running,
            blocked: self.blocked(),
            queued: self.queue.queued(),
            backlog: self.queue.backlog(),
            completed,
            cancelled,
            panicked,
            rejected,
            peak_threads: self.tally.peak_threads,
            peak_queued: self.queue.peak(),
            peak_blocked: self.tally.peak_blocked,
        }
    }
}
