//! Who waits for this work?
//!
//! A thread of a pool that waits opens a [`Frame`]; what the waited future
//! submits carries it, and what that submits in turn carries the frame of its
//! own wait, whose parent it is. So each job knows the waits that depend on
//! it, and a parked thread can tell a descendant of its own wait, which it may
//! run, from a stranger's job, which it never may.
//!
//! The lineage in force is a thread-local. It follows a task to another thread
//! only through [`Lineage::scope`].

use std::{
    cell::RefCell,
    fmt, mem,
    pin::Pin,
    ptr,
    sync::{Arc, PoisonError, atomic::Ordering},
    task::{Context, Poll},
};

use crate::sync::{AtomicBool, Mutex, lock, thread_local};

/// How many links of a chain are looked at when it is prolonged.
const LINKS: usize = 64;

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

/// Whose wait it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner {
    /// The pool of the thread.
    pub(crate) pool: PoolId,
    /// The job that waits.
    pub(crate) job: Option<JobId>,
}

/// One wait of a pool's thread, open or over.
pub(crate) struct Frame {
    owner: Owner,
    /// Under a lock, for it changes once that one's wait is over: then this
    /// frame's parent is the next one up that is not.
    parent: Mutex<Lineage>,
    /// Set once, when the wait returns. A frame that is over is skipped when a
    /// chain is prolonged, so that chains are as long as waits are deep, not
    /// as a program is old.
    over: AtomicBool,
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
    /// In that pool: its own threads alone stand still for its kin. Those of
    /// another do not stand in the way of its roots.
    pub(crate) fn of(lineage: &Lineage, pool: PoolId) -> Self {
        if lineage.frames().any(|frame| frame.is_open_in(pool)) {
            Self::Kin
        } else {
            Self::Roots
        }
    }
}

/// What is in force on a thread.
#[derive(Default)]
struct Current {
    lineage: Lineage,
    /// The innermost wait, which is this owner's, has no frame yet: most waits
    /// submit nothing, so a frame is made when first asked for.
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
        if current.unframed.is_some() || !current.lineage.is_root() {
            crate::exit::note(current.standing());
        }
    }
}

#[cfg(not(bridge_loom))]
impl Current {
    /// The jobs that wait for what runs here.
    fn standing(&self) -> impl Iterator<Item = JobId> + use<> {
        let frames = self.lineage.frames();
        let open = frames.filter(|frame| !frame.over.load(Ordering::Acquire));
        let jobs = open.filter_map(|frame| frame.owner.job);
        jobs.chain(self.unframed.and_then(|owner| owner.job))
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
    pub(crate) fn close(&self) {
        self.over.store(true, Ordering::Release);
    }

    fn is_open_in(&self, pool: PoolId) -> bool {
        self.owner.pool == pool && !self.over.load(Ordering::Acquire)
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
            if let Some(owner) = current.unframed {
                let parent = mem::take(&mut current.lineage).living();
                parent.shorten();
                let frame = Frame {
                    owner,
                    parent: Mutex::new(parent),
                    over: AtomicBool::new(false),
                };
                *current = Current {
                    lineage: Self {
                        frame: Some(Arc::new(frame)),
                    },
                    unframed: None,
                };
            }
            current.lineage.clone()
        })
    }

    /// A future that is polled with this lineage in force, wherever it goes.
    pub fn scope<F: Future>(&self, future: F) -> Scope<F> {
        Scope {
            lineage: self.clone(),
            future: Box::pin(future),
        }
    }

    /// Whether no wait depends on what runs here.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.frame.is_none()
    }

    /// This lineage without the innermost waits that are over.
    pub(crate) fn living(mut self) -> Self {
        while let Some(frame) = &self.frame
            && frame.over.load(Ordering::Acquire)
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
        install(Current {
            lineage: self,
            unframed: None,
        })
    }

    /// The innermost wait, as an address: the same for all siblings.
    pub(crate) fn innermost(&self) -> Option<usize> {
        self.frame.as_ref().map(|frame| Arc::as_ptr(frame).addr())
    }

    /// The jobs of that pool that wait for what runs here.
    pub(crate) fn waiting(&self, pool: PoolId) -> impl Iterator<Item = JobId> + use<> {
        self.frames()
            .filter(move |frame| frame.is_open_in(pool))
            .filter_map(|frame| frame.owner.job)
    }

    /// The waits of the chain, innermost first.
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
    before: Option<Current>,
}

impl Drop for Installed {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            // Dropped after the borrow ends: a frame may be the last of its
            // chain.
            let _ended = with_current(|current| mem::replace(current, before));
        }
    }
}

/// Opens a wait on this thread; its frame is made when something asks for it.
pub(crate) fn open_wait(owner: Owner) -> Installed {
    let lineage = with_current(|current| {
        // A wait within a wait that has no frame yet: the outer one has to have
        // its frame first, for it is the parent.
        current.unframed.is_some()
    })
    .then(Lineage::current)
    .unwrap_or_else(|| with_current(|current| current.lineage.clone()));
    install(Current {
        lineage,
        unframed: Some(owner),
    })
}

/// The frame of the innermost wait, if something asked for it.
pub(crate) fn opened_frame() -> Option<Arc<Frame>> {
    with_current(|current| {
        if current.unframed.is_some() {
            None
        } else {
            current.lineage.frame.clone()
        }
    })
}

/// The frame of the innermost wait.
pub(crate) fn frame() -> Arc<Frame> {
    Lineage::current().frame.unwrap_or_else(|| {
        unreachable!("a wait is open on this thread, so asking for its frame makes one")
    })
}

fn install(current: Current) -> Installed {
    Installed {
        before: Some(with_current(|slot| mem::replace(slot, current))),
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
