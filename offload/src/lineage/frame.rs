//! A frame: one job or one wait, as a link of a lineage.
//!
//! A frame becomes parked, and its account is spent, only under the lock of its pool.

use std::{
    mem,
    panic::Location,
    ptr,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use super::{JobId, Lineage, PoolId};
use crate::platform::sync::{AtomicBool, AtomicU8, AtomicUsize, Mutex, lock, next_number};

/// The value of [`Frame::unrelated_since`] while the job may depend on no unrelated job.
const NO_UNRELATED: usize = usize::MAX;

/// The job or wait that a frame belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    /// The pool of the worker.
    pub(crate) pool: PoolId,
    /// The job that runs or waits. A wait outside any job has none: for example, a
    /// waker that a worker calls may wait.
    pub(crate) job: Option<JobId>,
    pub(crate) kind: Kind,
    /// The place of a wait, if it is known.
    pub(crate) at: Option<&'static Location<'static>>,
}

/// How a descendant is related to the parked job on whose account it may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The wait depends on the descendant: its future submitted it, or polls for it.
    Awaited = 1,
    /// The job submitted the descendant before its wait.
    Submitted = 2,
}

impl Relation {
    /// Returns the relations whose descendants must not be running on the account already.
    ///
    /// A descendant that the wait does not depend on may block on what the job holds.
    /// So it must not keep back a descendant that the wait depends on.
    fn excludes(self) -> u8 {
        match self {
            Self::Awaited => Self::Awaited as u8,
            Self::Submitted => Self::Awaited as u8 | Self::Submitted as u8,
        }
    }
}

/// The kind of a frame.
///
/// It fills a word, because each job copies it, in an [`Owner`]. A copy of single bytes beside
/// words takes longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Kind {
    /// A job, from its start to its end.
    Job,
    /// One wait of a job.
    Wait,
}

/// One job of a pool or one wait, open or over.
pub(crate) struct Frame {
    owner: Owner,
    /// The number of this frame in the process, from 1 on.
    number: usize,
    /// The chain that this frame prolongs. It changes, because frames that are over are
    /// cut out of it.
    parent: Mutex<Lineage>,
    /// Whether the job or the wait has ended. New chains skip a frame that is over. So
    /// a chain is as long as waits are deep, and not as long as a program has run.
    ///
    /// No other data is published by this flag.
    over: AtomicBool,
    /// Whether the worker is parked in this wait.
    parked: AtomicBool,
    /// Whether descendants may start on the account of this frame. It is true while
    /// this job is parked. It is also true while the worker is parked in this wait, if
    /// the wait has an account of its own.
    account_is_open: AtomicBool,
    /// The relations of the descendants that run on the account of this frame, as bits.
    spent: AtomicU8,
    /// The number of unrelated jobs that were pushed before the first one on which this
    /// job may depend. The job may depend on its descendants and on the jobs that its
    /// waits poll for. [`NO_UNRELATED`] means that none of them is queued among the
    /// unrelated jobs.
    unrelated_since: AtomicUsize,
}

impl Frame {
    pub(super) fn new(owner: Owner, parent: Lineage) -> Self {
        Self {
            owner,
            number: next_number(),
            parent: Mutex::new(parent),
            over: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            account_is_open: AtomicBool::new(false),
            spent: AtomicU8::new(0),
            unrelated_since: AtomicUsize::new(NO_UNRELATED),
        }
    }

    /// Notes that the job or the wait has ended.
    pub(crate) fn close(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Returns whether this job or wait belongs to `pool` and has not ended.
    pub(crate) fn is_open_in(&self, pool: PoolId) -> bool {
        self.owner.pool == pool && !self.is_over()
    }

    /// Returns whether the job or the wait has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Returns whether the frame is a wait, or a job that is parked.
    pub(super) fn waits(&self) -> bool {
        self.owner.kind == Kind::Wait || self.is_account_open()
    }

    /// Returns the pool of the worker.
    pub(crate) fn pool(&self) -> PoolId {
        self.owner.pool
    }

    pub(crate) fn kind(&self) -> Kind {
        self.owner.kind
    }

    pub(crate) fn job(&self) -> Option<JobId> {
        self.owner.job
    }

    /// Returns the place of a wait, if it is known.
    pub(crate) fn at(&self) -> Option<&'static Location<'static>> {
        self.owner.at
    }

    /// Returns whether the worker is parked in this wait.
    pub(crate) fn is_parked(&self) -> bool {
        self.parked.load(Ordering::Relaxed)
    }

    pub(crate) fn set_parked(&self, parked: bool) {
        self.parked.store(parked, Ordering::Relaxed);
    }

    /// Returns whether descendants may start on the account of this frame.
    pub(crate) fn is_account_open(&self) -> bool {
        self.account_is_open.load(Ordering::Relaxed)
    }

    pub(crate) fn set_account_open(&self, open: bool) {
        self.account_is_open.store(open, Ordering::Relaxed);
    }

    /// Returns the number of this frame in the process. A later frame has a higher number.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Returns whether a descendant with this relation may start on this account.
    pub(crate) fn has_credit(&self, relation: Relation) -> bool {
        let spent = self.spent.load(Ordering::Relaxed);
        self.is_account_open() && spent & relation.excludes() == 0
    }

    /// Returns whether any descendant may start on this account.
    pub(crate) fn has_any_credit(&self) -> bool {
        self.has_credit(Relation::Awaited)
    }

    /// Spends the account on a descendant with this relation.
    pub(crate) fn spend(&self, relation: Relation) {
        self.spent.fetch_or(relation as u8, Ordering::Relaxed);
    }

    /// Notes that the descendant with this relation has ended or parked.
    pub(crate) fn restore(&self, relation: Relation) {
        self.spent.fetch_and(!(relation as u8), Ordering::Relaxed);
    }

    /// Takes the number of unrelated jobs that were pushed before the first one on which
    /// this job may depend. Returns `None` if there is no such job.
    pub(crate) fn take_unrelated(&self) -> Option<usize> {
        let since = self.unrelated_since.swap(NO_UNRELATED, Ordering::Relaxed);
        (since != NO_UNRELATED).then_some(since)
    }

    /// Notes a job on which this job may depend. `before` unrelated jobs were pushed
    /// before it.
    pub(super) fn note_unrelated(&self, before: usize) {
        self.unrelated_since.fetch_min(before, Ordering::Relaxed);
    }

    /// Returns whether this frame is `outer`, or descends from it.
    pub(crate) fn is_in(&self, outer: &Arc<Self>) -> bool {
        ptr::eq(self, Arc::as_ptr(outer)) || self.parent().contains(outer)
    }

    /// Replaces the chain that this frame prolongs, and returns the old one.
    pub(super) fn replace_parent(&self, parent: Lineage) -> Lineage {
        mem::replace(&mut *lock(&self.parent), parent)
    }

    pub(super) fn parent(&self) -> Lineage {
        lock(&self.parent).clone()
    }
}

impl Drop for Frame {
    /// Drops the chain link by link. A recursion would be as deep as the chain is long.
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

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::thread;

    use super::*;
    use crate::lineage::current::{adopt, enter_scope, frame, open_wait};

    /// Otherwise a wait hangs whose job is polled there, while others block on what it holds.
    #[test]
    fn a_scope_in_a_scope_is_still_in_the_wait() {
        let pool = PoolId::of(&0_u8);
        let _wait = open_wait(pool, None, None);
        let number = frame().number();
        let _outer = enter_scope(Lineage::default());
        let _inner = enter_scope(Lineage::default());
        assert_eq!(adopt(pool, 0), Some(number));
    }

    /// Otherwise new chains begin with frames that are over, and a report lists such a wait.
    #[test]
    fn all_innermost_frames_that_are_over_are_left_out() {
        let part = 0_u8;
        let (pool, job) = (PoolId::of(&part), JobId::of(&Arc::new(())));
        let open = Lineage::default().below(pool, job, Kind::Job);
        let mut chain = open.clone();
        for kind in [Kind::Wait, Kind::Job, Kind::Wait] {
            chain = chain.below(pool, job, kind);
            chain.top().unwrap().close();
        }
        assert_eq!(chain.living().innermost(), open.innermost());
    }

    /// Otherwise more descendants of a parked job run than it has permits to give, or the end of
    /// one of them leaves the account spent.
    #[test]
    fn an_account_knows_each_relation_that_runs_on_it() {
        use Relation::{Awaited, Submitted};

        let chain = Lineage::default();
        let job = JobId::of(&Arc::new(()));
        let frame = chain.below(PoolId::of(&0_u8), job, Kind::Job);
        let frame = frame.top().unwrap();
        let credit = || (frame.has_credit(Awaited), frame.has_credit(Submitted));
        assert_eq!(credit(), (false, false), "the account is closed");
        frame.set_account_open(true);
        assert_eq!(credit(), (true, true));
        frame.spend(Submitted);
        assert_eq!(credit(), (true, false));
        frame.spend(Awaited);
        assert_eq!(credit(), (false, false));
        frame.restore(Awaited);
        assert_eq!(credit(), (true, false), "the other one still runs");
        frame.spend(Awaited);
        frame.restore(Submitted);
        assert_eq!(credit(), (false, false), "the awaited one still runs");
        frame.restore(Awaited);
        assert_eq!(credit(), (true, true));
    }

    #[test]
    fn a_long_chain_is_dropped_link_by_link() {
        let pool = PoolId::of(&0_u8);
        let kind = Kind::Wait;
        let owner = Owner {
            pool,
            job: None,
            kind,
            at: None,
        };
        let mut chain = Lineage::default();
        for _ in 0..100_000 {
            let frame = Arc::new(Frame::new(owner, chain));
            chain = Lineage { frame: Some(frame) };
        }
        let small = thread::Builder::new().stack_size(64 * 1024);
        small.spawn(move || drop(chain)).unwrap().join().unwrap();
    }
}
