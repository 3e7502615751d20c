//! One list of jobs, some of which may be withdrawn.
//!
//! A withdrawn job stops counting at once. It leaves the list when a worker meets it, or
//! when nothing else is left in the list. If half of a list of 32 or more entries is
//! withdrawn, all withdrawn jobs leave it. So a withdrawal is cheap, and no withdrawn job
//! stays longer than the jobs beside it.

use std::{collections::VecDeque, sync::atomic::Ordering};

use crate::job::runnable::Submitted;

/// The number of the list that holds a job. `OUT` means that no list holds the job.
pub(super) const OUT: u8 = 0;
pub(super) const QUEUE: u8 = 1;
pub(super) const BACKLOG: u8 = 2;
/// A bit that is set beside the list's number if the job is in the lane of descendants.
pub(super) const DESCENDANT: u8 = 4;
/// A bit that is set beside both if the job was moved to the front as an own job of the pool.
pub(super) const OWN: u8 = 8;

#[derive(Default)]
pub(super) struct List {
    pub(super) jobs: VecDeque<Submitted>,
    /// The number of `jobs` that were not withdrawn.
    pub(super) live: usize,
    /// The number of those that are own jobs.
    pub(super) own: usize,
}

impl List {
    pub(super) fn push(&mut self, job: Submitted) {
        self.jobs.push_back(job);
        self.live += 1;
    }

    /// Adds jobs behind those that are here.
    pub(super) fn append(&mut self, mut jobs: VecDeque<Submitted>) {
        self.live += jobs.len();
        self.jobs.append(&mut jobs);
    }

    /// Adds own jobs before those that are here, in their order.
    pub(super) fn prepend_own(&mut self, mut jobs: VecDeque<Submitted>) {
        self.live += jobs.len();
        self.own += jobs.len();
        jobs.append(&mut self.jobs);
        self.jobs = jobs;
    }

    /// Takes out the first live job. No list holds it any more.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<Submitted> {
        // Fast path: most lists are empty.
        if self.live == 0 {
            None
        } else {
            self.pop_live()
        }
    }

    fn pop_live(&mut self) -> Option<Submitted> {
        let (job, mark) = loop {
            let job = self.jobs.pop_front()?;
            let list = &job.header().list;
            // The pool's lock is held, so this need not be one step.
            let mark = list.load(Ordering::Relaxed);
            if mark != OUT {
                list.store(OUT, Ordering::Relaxed);
                break (job, mark);
            }
        };
        self.count_out(mark);
        Some(job)
    }

    /// Returns the last live job.
    pub(super) fn newest(&self) -> Option<&Submitted> {
        self.jobs.iter().rev().find(|job| is_held(job))
    }

    /// Takes out the last live job. No list holds it any more.
    pub(super) fn pop_newest(&mut self) -> Option<Submitted> {
        while self.live > 0 {
            let job = self.jobs.pop_back()?;
            let mark = job.header().list.swap(OUT, Ordering::Relaxed);
            if mark != OUT {
                self.count_out(mark);
                return Some(job);
            }
        }
        None
    }

    /// Takes out the first live job that `fits`. No list holds it any more.
    pub(super) fn pop_first_where(
        &mut self,
        fits: &mut impl FnMut(&Submitted) -> bool,
    ) -> Option<Submitted> {
        // `is_held` reads the job itself, which is slower, so it comes second.
        let at = self.jobs.iter().position(|job| fits(job) && is_held(job))?;
        let job = self.jobs.remove(at)?;
        let mark = job.header().list.swap(OUT, Ordering::Relaxed);
        self.count_out(mark);
        Some(job)
    }

    /// Returns whether a live job `fits`.
    pub(super) fn has(&self, fits: &mut impl FnMut(&Submitted) -> bool) -> bool {
        self.live > 0 && self.jobs.iter().any(|job| is_held(job) && fits(job))
    }

    /// Takes out the live jobs that `fit` among the last `count` entries, in their order.
    pub(super) fn extract_last(
        &mut self,
        count: usize,
        fits: impl Fn(&Submitted) -> bool,
    ) -> VecDeque<Submitted> {
        let fits = |job: &Submitted| is_held(job) && fits(job);
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

    /// Stops counting a job that was taken or withdrawn, and had this mark.
    fn count_out(&mut self, mark: u8) {
        self.live -= 1;
        self.own -= usize::from(mark & OWN != 0);
        // All entries that are left were withdrawn, and no worker might ever meet them.
        if self.live == 0 && !self.jobs.is_empty() {
            self.jobs.clear();
        }
    }

    /// Stops counting a job that had this mark, and was just marked as withdrawn. Returns the
    /// withdrawn jobs that it swept out: the caller must drop them after it has released the lock.
    pub(super) fn withdraw(&mut self, mark: u8) -> VecDeque<Submitted> {
        self.count_out(mark);
        if self.jobs.len() < 32 || self.live * 2 > self.jobs.len() {
            return VecDeque::new();
        }
        let (live, withdrawn) = self.jobs.drain(..).partition(is_held);
        self.jobs = live;
        withdrawn
    }
}

/// Returns whether a list still counts this job.
pub(super) fn is_held(job: &Submitted) -> bool {
    job.header().list.load(Ordering::Relaxed) != OUT
}
