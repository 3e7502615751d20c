//! Which jobs and waits does this work descend from?
//!
//! A job that submits work or waits has a [`Frame`], and so has each of its
//! waits, whose parent is the frame of the job. Submitted work carries the
//! frames that are in force where it is submitted. So the pool can tell a
//! descendant of a parked job, which may start without a permit, from an
//! unrelated job, which may not.
//!
//! The lineage in force is a thread-local. It follows a task to another thread
//! only through [`Lineage::scope`].
//!
//! Frames are made when something first asks for them: most jobs submit
//! nothing, and most waits neither submit nor park.

use std::{
    cell::RefCell,
    fmt, mem,
    pin::Pin,
    ptr,
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Context, Poll},
};

use crate::sync::{AtomicBool, AtomicU8, AtomicUsize, Mutex, lock, next_number, thread_local};

/// How many links of a chain are looked at when it is prolonged.
const LINKS: usize = 64;

/// What a frame holds while none of its descendants is queued among the roots.
const NO_ROOTS: usize = usize::MAX;

/// Which pool a thread belongs to: an address that lives as long as a thread of
/// the pool does, and so as long as any wait of one is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolId(usize);

impl PoolId {
    pub(crate) fn of<T>(core: &T) -> Self {
        Self(ptr::from_ref(core).addr())
    }
}

/// Which job this is: its address, for as long as it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobId(usize);

impl JobId {
    pub(crate) fn of<T: ?Sized>(job: &Arc<T>) -> Self {
        Self(Arc::as_ptr(job).addr())
    }
}

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
    roots_since: AtomicUsize,
}

/// The chain of waits that depend on what runs here, innermost first.
///
/// Work submitted by a future that a pool's thread waits for is its
/// *descendant*. The lineage in force says so, and survives a hop to another
/// task with [`scope`](Self::scope):
///
/// ```
/// use bridge_offload::Lineage;
///
/// let here = Lineage::current();
/// let task = here.scope(async { "work for the same wait" });
/// # assert_eq!(pollster::block_on(task), "work for the same wait");
/// ```
#[derive(Clone, Default)]
pub struct Lineage {
    frame: Option<Arc<Frame>>,
}

/// Which lane a job belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Kin,
    Roots,
}

impl Lane {
    /// The lane of a job with this lineage, in that pool. Call it under the
    /// pool's lock, under which jobs park.
    ///
    /// A job whose ancestors all run is a root. If one of them parks later, the
    /// pool moves the job to the other lane.
    pub(crate) fn of(lineage: &Lineage, pool: PoolId) -> Self {
        let is_waited_for = |frame: Arc<Frame>| frame.is_open_in(pool) && frame.waits();
        if lineage.frames().any(is_waited_for) {
            Self::Kin
        } else {
            Self::Roots
        }
    }
}

/// What is in force on a thread.
#[derive(Default)]
struct Current {
    top: Top,
    /// The frame of the job that runs here, if something has asked for it.
    job: Option<Arc<Frame>>,
}

/// The innermost part of what is in force.
#[derive(Default)]
struct Top {
    lineage: Lineage,
    /// The owner of the innermost job or wait while that has no frame yet.
    unframed: Option<Owner>,
}

/// A thread's own [`Current`].
#[derive(Default)]
struct Slot(RefCell<Current>);

/// Its thread ends inside a wait, or inside what a wait depends on: it has called
/// `exit`.
#[cfg(not(bridge_loom))]
impl Drop for Slot {
    fn drop(&mut self) {
        let current = self.0.get_mut();
        if current.top.unframed.is_some() || !current.top.lineage.is_root() {
            crate::exit::note(current.standing());
        }
    }
}

#[cfg(not(bridge_loom))]
impl Current {
    /// The jobs that wait for what runs here, and the job that runs here.
    fn standing(&self) -> impl Iterator<Item = JobId> + use<> {
        let own = self.job.as_ref().and_then(|frame| frame.job());
        let frames = self.top.lineage.frames();
        let open = frames.filter(|frame| !frame.is_over() && frame.waits());
        let jobs = open.filter_map(|frame| frame.job()).chain(own);
        jobs.chain(self.top.unframed.and_then(|owner| owner.job))
    }
}

/// The jobs that wait for what runs on this thread; none if its thread-locals are
/// gone.
#[cfg(not(bridge_loom))]
pub(crate) fn standing() -> Vec<JobId> {
    with_current(|current| current.standing().collect())
}

thread_local! {
    static CURRENT: Slot = Slot::default();
}

impl Frame {
    fn new(owner: Owner, parent: Lineage) -> Self {
        Self {
            owner,
            number: next_number(),
            parent: Mutex::new(parent),
            over: AtomicBool::new(false),
            seated: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            spent: AtomicU8::new(0),
            roots_since: AtomicUsize::new(NO_ROOTS),
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
    fn waits(&self) -> bool {
        self.owner.kind == Kind::Wait || self.is_parked()
    }

    pub(crate) fn kind(&self) -> Kind {
        self.owner.kind
    }

    pub(crate) fn job(&self) -> Option<JobId> {
        self.owner.job
    }

    pub(crate) fn is_seated(&self) -> bool {
        self.seated.load(Ordering::Relaxed)
    }

    pub(crate) fn set_seated(&self, seated: bool) {
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
    pub(crate) fn take_roots(&self) -> Option<usize> {
        let since = self.roots_since.swap(NO_ROOTS, Ordering::Relaxed);
        (since != NO_ROOTS).then_some(since)
    }

    fn note_root(&self, before: usize) {
        self.roots_since.fetch_min(before, Ordering::Relaxed);
    }

    /// Whether this is `outer`, or descends from it.
    pub(crate) fn is_in(&self, outer: &Arc<Self>) -> bool {
        ptr::eq(self, Arc::as_ptr(outer)) || self.parent().contains(outer)
    }

    fn parent(&self) -> Lineage {
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

impl Lineage {
    /// The lineage in force on this thread.
    #[must_use]
    pub fn current() -> Self {
        with_current(|current| {
            if let Some(owner) = current.top.unframed.take() {
                let parent = mem::take(&mut current.top.lineage).living();
                parent.shorten();
                let frame = Arc::new(Frame::new(owner, parent));
                if owner.kind == Kind::Job {
                    current.job = Some(Arc::clone(&frame));
                }
                current.top.lineage = Self { frame: Some(frame) };
            }
            current.top.lineage.clone()
        })
    }

    /// A future that is polled with this lineage in force, wherever it goes.
    pub fn scope<F: Future>(&self, future: F) -> Scope<F> {
        Scope {
            lineage: self.clone(),
            future: Box::pin(future),
        }
    }

    /// Whether this is neither inside a job of a pool nor inside a task that
    /// carries the lineage of one.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.frame.is_none()
    }

    /// This lineage without the innermost waits that are over.
    pub(crate) fn living(mut self) -> Self {
        while let Some(frame) = &self.frame
            && frame.is_over()
        {
            let parent = frame.parent();
            self = parent;
        }
        self
    }

    /// Takes the waits that are over out of the chain. It looks at the nearest
    /// links only, which is enough: those beyond were looked at when they were
    /// near.
    fn shorten(&self) {
        let mut at = self.frame.clone();
        for _ in 0..LINKS {
            let Some(frame) = at else { return };
            let parent = frame.parent().living();
            let next = parent.frame.clone();
            let old = mem::replace(&mut *lock(&frame.parent), parent);
            drop(old);
            at = next;
        }
    }

    /// Puts this lineage in force until the guard drops.
    pub(crate) fn install(self) -> Installed {
        install(Top {
            lineage: self,
            unframed: None,
        })
    }

    /// Puts this lineage in force for a job that starts here, until the guard
    /// drops and the job is over.
    pub(crate) fn install_for(self, pool: PoolId, job: JobId) -> InstalledJob {
        let top = Top {
            lineage: self,
            unframed: Some(Owner {
                pool,
                job: Some(job),
                kind: Kind::Job,
            }),
        };
        let current = Current { top, job: None };
        InstalledJob {
            before: Some(with_current(|slot| mem::replace(slot, current))),
        }
    }

    /// Notes in the frames of jobs that a descendant is queued among the roots, of
    /// which so many had been pushed before.
    pub(crate) fn note_root(&self, pool: PoolId, before: usize) {
        for frame in self.frames() {
            if frame.kind() == Kind::Job && frame.is_open_in(pool) {
                frame.note_root(before);
            }
        }
    }

    /// Whether this frame is among those of the chain.
    pub(crate) fn contains(&self, frame: &Arc<Frame>) -> bool {
        self.frames().any(|other| Arc::ptr_eq(&other, frame))
    }

    /// The innermost wait or job, as an address: the same for all siblings.
    pub(crate) fn innermost(&self) -> Option<usize> {
        self.frame.as_ref().map(|frame| Arc::as_ptr(frame).addr())
    }

    /// The jobs of that pool that wait for what runs here.
    pub(crate) fn waiting(&self, pool: PoolId) -> impl Iterator<Item = JobId> + use<> {
        self.frames()
            .filter(move |frame| frame.is_open_in(pool) && frame.waits())
            .filter_map(|frame| frame.owner.job)
    }

    /// The jobs and waits of the chain, innermost first.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Arc<Frame>> + use<> {
        std::iter::successors(self.frame.clone(), |frame| frame.parent().frame)
    }
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lineage")
            .field("depth", &self.frames().count())
            .finish()
    }
}

/// Restores the lineage that was in force before.
pub(crate) struct Installed {
    before: Option<Top>,
}

impl Drop for Installed {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            // Dropped after the borrow ends: a frame may be the last of its
            // chain.
            let _ended = with_current(|current| mem::replace(&mut current.top, before));
        }
    }
}

/// Ends a job's frame, and restores what was in force before the job.
pub(crate) struct InstalledJob {
    before: Option<Current>,
}

impl Drop for InstalledJob {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            let ended = with_current(|current| mem::replace(current, before));
            if let Some(frame) = &ended.job {
                frame.close();
            }
        }
    }
}

/// Opens a wait on this thread; its frame is made when something asks for it.
pub(crate) fn open_wait(pool: PoolId, job: Option<JobId>) -> Installed {
    // The frame of this wait has the frame of the job, or of the wait further
    // out, as its parent. So that one is made first.
    let lineage = if with_current(|current| current.top.unframed.is_some()) {
        Lineage::current()
    } else {
        with_current(|current| current.top.lineage.clone())
    };
    let kind = Kind::Wait;
    install(Top {
        lineage,
        unframed: Some(Owner { pool, job, kind }),
    })
}

/// The frame of the innermost wait, if something asked for it.
pub(crate) fn opened_frame() -> Option<Arc<Frame>> {
    with_current(|current| {
        if current.top.unframed.is_some() {
            None
        } else {
            current.top.lineage.frame.clone()
        }
    })
}

/// The frame of the innermost wait.
pub(crate) fn frame() -> Arc<Frame> {
    Lineage::current().frame.unwrap_or_else(|| {
        unreachable!("a wait is open on this thread, so asking for its frame makes one")
    })
}

/// The number of the innermost wait of that pool on this thread, which polls for a
/// job: from here on the wait depends on it. `None` if there is no such wait.
///
/// The job was pushed after so many roots.
pub(crate) fn adopt(pool: PoolId, before: usize) -> Option<usize> {
    let wait = Lineage::current().frame?;
    if wait.kind() != Kind::Wait || !wait.is_open_in(pool) {
        return None;
    }
    // The job may be queued among the roots: the park looks for it.
    job_frame().as_ref().unwrap_or(&wait).note_root(before);
    Some(wait.number)
}

/// The frame of the job that runs here, if it has one.
pub(crate) fn job_frame() -> Option<Arc<Frame>> {
    with_current(|current| current.job.clone())
}

fn install(top: Top) -> Installed {
    Installed {
        before: Some(with_current(|slot| mem::replace(&mut slot.top, top))),
    }
}

/// Once the thread's locals are gone, nothing is in force any more.
fn with_current<R>(f: impl FnOnce(&mut Current) -> R) -> R {
    let mut f = Some(f);
    let mut call = |current: &mut Current| f.take().map(|f| f(current));
    CURRENT
        .try_with(|slot| call(&mut slot.0.borrow_mut()))
        .unwrap_or_else(|_| call(&mut Current::default()))
        .unwrap_or_else(|| unreachable!("exactly one of the two calls is made"))
}

/// The future of [`Lineage::scope`].
#[must_use = "futures do nothing unless polled"]
pub struct Scope<F> {
    lineage: Lineage,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _installed = self.lineage.clone().install();
        self.future.as_mut().poll(cx)
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("lineage", &self.lineage)
            .finish_non_exhaustive()
    }
}
