//! The jobs on the stack of a worker: the job that it runs, and the jobs that are parked below.

use std::{mem, sync::Arc};

use super::credit::Credit;
use crate::{Lineage, job::runnable::Runnable};

/// A job that a worker has claimed.
pub(crate) struct Claimed {
    pub(crate) job: Arc<dyn Runnable>,
    /// The jobs and waits that it descends from, for reports.
    pub(super) lineage: Lineage,
    /// The account on which the job runs, if it started on credit.
    pub(super) credit: Option<Credit>,
    /// Whether the job started beyond the permits.
    pub(super) is_beyond: bool,
}

/// The jobs of one worker.
///
/// Most workers have one job, and take the next as soon as it ends. So the innermost job has a
/// place of its own, which is written without a copy.
#[derive(Default)]
pub(crate) struct Stack {
    innermost: Option<Claimed>,
    /// The parked jobs around the innermost one, outermost first.
    outer: Vec<Claimed>,
}

impl Stack {
    /// Makes the place of the innermost job free.
    #[inline]
    pub(super) fn make_room(&mut self) {
        if let Some(parked) = self.innermost.take() {
            self.outer.push(parked);
        }
    }

    /// Adds the innermost job. The caller has made room for it.
    #[inline]
    pub(super) fn put(&mut self, claimed: Claimed) {
        let before = self.innermost.replace(claimed);
        debug_assert!(before.is_none(), "no room was made");
        mem::forget(before); // so nothing need be dropped here
    }

    /// Takes the innermost job off.
    #[inline]
    pub(super) fn pop(&mut self) {
        self.innermost = self.outer.pop();
    }

    /// Returns the innermost job.
    pub(crate) fn innermost(&self) -> Option<&Claimed> {
        self.innermost.as_ref()
    }

    /// Returns the innermost job, to change it.
    pub(super) fn innermost_mut(&mut self) -> Option<&mut Claimed> {
        self.innermost.as_mut()
    }

    /// Returns whether jobs are parked around the innermost one.
    pub(super) fn is_nested(&self) -> bool {
        !self.outer.is_empty()
    }

    /// Returns the jobs, outermost first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Claimed> {
        self.outer.iter().chain(&self.innermost)
    }
}
