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

mod current;
mod frame;
mod scope;

use std::{fmt, mem, ptr, sync::Arc};

#[cfg(not(bridge_loom))]
pub(crate) use self::current::standing;
pub use self::scope::Scope;
use self::{
    current::{Current, Top, install, with_current},
    frame::Owner,
};
pub(crate) use self::{
    current::{Installed, InstalledJob, adopt, frame, job_frame, open_wait, opened_frame},
    frame::{Claim, Frame, Kind},
};

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
    Descendants,
    Unrelated,
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
            Self::Descendants
        } else {
            Self::Unrelated
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
            let old = frame.replace_parent(parent);
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
    pub(crate) fn note_unrelated(&self, pool: PoolId, before: usize) {
        for frame in self.frames() {
            if frame.kind() == Kind::Job && frame.is_open_in(pool) {
                frame.note_unrelated(before);
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
            .filter_map(|frame| frame.job())
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
