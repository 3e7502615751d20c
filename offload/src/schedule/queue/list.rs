//! One list of jobs, and those in it that were withdrawn.
//!
//! A withdrawn job leaves the count at once and the list when it is next met, when
//! half of the list is withdrawn, or when nothing else is left in it: that makes
//! withdrawing cheap, and keeps no job longer than the others beside it.

use std::{collections::VecDeque, sync::atomic::Ordering};

use crate::job::runnable::Submitted;

/// The list that holds a job; `OUT` where none does.
pub(super) const OUT: u8 = 0;
pub(super) const QUEUE: u8 = 1;
pub(super) const BACKLOG: u8 = 2;
/// Set beside the list's number for jobs of the kin lane.
pub(super) const DESCENDANT: u8 = 4;

#[derive(Default)]
pub(super) struct List {
    pub(super) jobs: VecDeque<Submitted>,
    /// Those of `jobs` that were not withdrawn.
    pub(super) live: usize,
}

impl List {
    pub(super) fn push(&mut self, job: Submitted) {
        self.jobs.push_back(job);
        self.live += 1;
    }

    /// Takes the first live job out.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Submitted> {
        // Most lists are empty.
        if self.live == 0 {
            None
        } else {
            self.pop_live()
        }
    }

    fn pop_live(&mut self) -> Option<Submitted> {
        let job = loop {
            let job = self.jobs.pop_front()?;
            if held(&job) {
                break job;
            }
        };
        self.count_out();
        Some(job)
    }

    /// Takes out the first live job that `fits`.
    pub(super) fn pop_first_where(
        &mut self,
        fits: &mut impl FnMut(&Submitted) -> bool,
    ) -> Option<Submitted> {
        // Whether it is live stands in the job, which takes longer to see.
        let at = self.jobs.iter().position(|job| fits(job) && held(job))?;
        let job = self.jobs.remove(at);
        self.count_out();
        job
    }

    /// Whether a live job `fits`.
    pub(super) fn has(&self, fits: &mut impl FnMut(&Submitted) -> bool) -> bool {
        self.live > 0 && self.jobs.iter().any(|job| held(job) && fits(job))
    }

    /// Takes out those of the last `count` jobs that live and `fit`, in their order.
    pub(super) fn extract_last(
        &mut self,
        count: usize,
        fits: impl Fn(&Submitted) -> bool,
    ) -> VecDeque<Submitted> {
        let fits = |job: &Submitted| held(job) && fits(job);
        let from = self.jobs.len() - count;
        if !self.jobs.range(from..).any(fits) {
            return VecDeque::new();
        }
        let (out, left): (VecDeque<_>, VecDeque<_>) = self.jobs.drain(from..).partition(fits);
        self.jobs.extend(left);
        self.live -= out.len();
        if self.live == 0 {
            self.jobs.clear();
        }
        out
    }

    /// Counts a job out that was taken or withdrawn.
    fn count_out(&mut self) {
        self.live -= 1;
        // What is left behind the last was withdrawn, and might never be met.
        if self.live == 0 && !self.jobs.is_empty() {
            self.jobs.clear();
        }
    }

    /// Counts one job out that the caller has marked as withdrawn. Gives back
    /// the withdrawn jobs it swept out, to be dropped outside the lock.
    pub(super) fn withdraw(&mut self) -> VecDeque<Submitted> {
        self.count_out();
        if self.jobs.len() < 32 || self.live * 2 > self.jobs.len() {
            return VecDeque::new();
        }
        let (live, withdrawn) = self.jobs.drain(..).partition(held);
        self.jobs = live;
        withdrawn
    }
}

/// Whether a list still counts this job.
fn held(job: &Submitted) -> bool {
    job.header().list.load(Ordering::Relaxed) != OUT
}
