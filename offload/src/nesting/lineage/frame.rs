//! A frame: one job of a pool or one of its waits, as a link of a lineage.
//!
//! What a frame knows of its job changes under the lock of the job's pool.

use std::{
    mem, ptr,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use super::{JobId, Lineage, PoolId};
use crate::platform::sync::{AtomicBool, AtomicU8, AtomicUsize, Mutex, lock, next_number};

/// What a frame holds while none of its descendants is queued among the roots.
const NO_ROOTS: usize = usize::MAX;

/// Whose frame it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    /// The pool of the thread.
    pub(crate) pool: PoolId,
    /// The job that runs or waits; `None` for a wait outside any job, as in a
    /// waker that a worker calls.
    pub(crate) job: Option<JobId>,
    pub(crate) kind: Kind,
}

/// What a parked job owes to a descendant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The wait depends on it: the waited future submitted it, or polls for it.
    Awaited = 1,
    /// The job submitted it earlier.
    Submitted = 2,
}

impl Claim {
    /// Which claims must not run already.
    ///
    /// A descendant that the wait does not depend on may block on what the job
    /// holds. So it must not keep back one that the wait does depend on.
    fn excludes(self) -> u8 {
        match self {
            Self::Awaited => Self::Awaited as u8,
            Self::Submitted => Self::Awaited as u8 | Self::Submitted as u8,
        }
    }
}

/// What a frame stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A job, from its start to its end.
    Job,
    /// One wait of a job.
    Wait,
}

/// A job of a pool or one of its waits, open or over.
pub(crate) struct Frame {
    owner: Owner,
    /// Which frame of the process this is, from 1 on.
    number: usize,
    /// The next frame up. Under a lock, because it changes: frames that are over
    /// are cut out of a chain.
    parent: Mutex<Lineage>,
    /// Set once, when the job or the wait ends. New chains skip a frame that is
    /// over, so a chain is as long as waits are deep, not as a program is old.
    over: AtomicBool,
    /// Whether the thread is parked in this wait right now. The pool writes and
    /// reads it under its lock.
    seated: AtomicBool,
    /// Whether this job, or a wait outside any job, is parked: its descendants
    /// may start on its account. The pool writes and reads it under its lock.
    parked: AtomicBool,
    /// Which [`Claim`]s run beyond the permits on the account of this frame, as
    /// bits. The pool writes and reads it under its lock.
    spent: AtomicU8,
    /// How many roots had been pushed before the first that descends from this job, or
    /// that one of its waits polls for, and that may be queued among them; [`NO_ROOTS`]
    /// if there is none.
    unrelated_since: AtomicUsize,
}

impl Frame {
    pub(super) fn new(owner: Owner, parent: Lineage) -> Self {
        Self {
            owner,
            number: next_number(),
            parent: Mutex::new(parent),
            over: AtomicBool::new(false),
            seated: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            spent: AtomicU8::new(0),
            unrelated_since: AtomicUsize::new(NO_ROOTS),
        }
    }

    pub(crate) fn close(&self) {
        self.over.store(true, Ordering::Release);
    }

    pub(crate) fn is_open_in(&self, pool: PoolId) -> bool {
        self.owner.pool == pool && !self.is_over()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Whether it is a wait, or a job that is parked in one.
    pub(super) fn waits(&self) -> bool {
        self.owner.kind == Kind::Wait || self.is_parked()
    }

    pub(crate) fn kind(&self) -> Kind {
        self.owner.kind
    }

    pub(crate) fn job(&self) -> Option<JobId> {
        self.owner.job
    }

    pub(crate) fn is_wait_parked(&self) -> bool {
        self.seated.load(Ordering::Relaxed)
    }

    pub(crate) fn set_wait_parked(&self, seated: bool) {
        self.seated.store(seated, Ordering::Relaxed);
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.parked.load(Ordering::Relaxed)
    }

    pub(crate) fn set_parked(&self, parked: bool) {
        self.parked.store(parked, Ordering::Relaxed);
    }

    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Whether a descendant with this claim may start beyond the permits on this
    /// account.
    pub(crate) fn has_credit(&self, claim: Claim) -> bool {
        let spent = self.spent.load(Ordering::Relaxed);
        self.is_parked() && spent & claim.excludes() == 0
    }

    /// Whether any descendant may start beyond the permits on this account.
    pub(crate) fn has_any_credit(&self) -> bool {
        self.has_credit(Claim::Awaited)
    }

    /// Spends the credit for a descendant with this claim.
    pub(crate) fn spend(&self, claim: Claim) {
        self.spent.fetch_or(claim as u8, Ordering::Relaxed);
    }

    /// Gives the credit back.
    pub(crate) fn restore(&self, claim: Claim) {
        self.spent.fetch_and(!(claim as u8), Ordering::Relaxed);
    }

    /// How many roots had been pushed before the first descendant that may be queued
    /// among them, if there is one; none from here on.
    pub(crate) fn take_unrelated(&self) -> Option<usize> {
        let since = self.unrelated_since.swap(NO_ROOTS, Ordering::Relaxed);
        (since != NO_ROOTS).then_some(since)
    }

    pub(super) fn note_unrelated(&self, before: usize) {
        self.unrelated_since.fetch_min(before, Ordering::Relaxed);
    }

    /// Whether this is `outer`, or descends from it.
    pub(crate) fn is_in(&self, outer: &Arc<Self>) -> bool {
        ptr::eq(self, Arc::as_ptr(outer)) || self.parent().contains(outer)
    }

    /// Puts another frame in the place of the next one up, and returns what was there.
    pub(super) fn replace_parent(&self, parent: Lineage) -> Lineage {
        mem::replace(&mut *lock(&self.parent), parent)
    }

    pub(super) fn parent(&self) -> Lineage {
        lock(&self.parent).clone()
    }
}

impl Drop for Frame {
    /// One by one: a long chain must not end in as deep a recursion.
    fn drop(&mut self) {
        let parent = |frame: &mut Self| {
            let slot = frame.parent.get_mut();
            mem::take(slot.unwrap_or_else(PoisonError::into_inner)).frame
        };
        let mut next = parent(self);
        while let Some(mut frame) = next.and_then(Arc::into_inner) {
            next = parent(&mut frame);
        }
    }
}
