//! The lineage of a job: the jobs and waits that it descends from.
//!
//! Each job and each wait can have a [`Frame`]. The parent of a wait's frame is the frame
//! of the job, or of the wait around it. Submitted work carries the frames that are in
//! force where it is submitted. So the pool knows the descendants of a parked job, which
//! may start without a permit.
//!
//! The lineage in force is a thread-local. Only [`Lineage::scope`] takes it along when
//! a task moves to another thread.
//!
//! A frame is made when something first asks for it, because most jobs submit nothing,
//! and most waits neither submit nor park.

mod current;
mod frame;
mod scope;
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
pub(crate) mod unfinished;

use std::{fmt, mem, num::NonZeroUsize, ptr::NonNull, sync::Arc};

#[cfg(not(any(bridge_loom, bridge_shuttle)))]
pub(crate) use self::current::jobs_here;
pub use self::scope::Scope;
use self::{
    current::{Current, Top, replace, with_current},
    frame::Owner,
};
pub(crate) use self::{
    current::{
        Installed, InstalledJob, adopt, frame, is_in_scope_of_wait, job_frame,
        number_of_innermost_wait, open_wait, opened_frame,
    },
    frame::{Frame, Kind, Relation},
};

/// The number of a chain's nearest links that are checked when the chain gets one more.
const LINKS: usize = 64;

/// The identity of a pool: the address of a part of it.
///
/// That part lives as long as a worker of the pool, and so as long as a wait is open on a
/// worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolId(NonZeroUsize);

impl PoolId {
    pub(crate) fn of<T>(part: &T) -> Self {
        Self(NonNull::from_ref(part).addr())
    }
}

/// The identity of a job: its address, as long as the job lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct JobId(NonZeroUsize);

impl JobId {
    pub(crate) fn of<T: ?Sized>(job: &Arc<T>) -> Self {
        Self(NonNull::from_ref(&**job).addr())
    }
}

/// The list of jobs and waits that some code descends from, innermost first.
///
/// A job that waits for a future depends on the jobs that the future submits. They are
/// its *descendants*. The pool knows them by the lineage that is in force where they
/// are submitted. [`scope`](Self::scope) takes the lineage along to another task:
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

impl Lineage {
    /// Returns the lineage in force on this thread.
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

    /// Returns a future that is polled and dropped with this lineage in force, on every
    /// thread.
    ///
    /// # Cancel safety
    ///
    /// A drop of the returned future drops `future` with this lineage in force, and does
    /// nothing else.
    pub fn scope<F: Future>(&self, future: F) -> Scope<F> {
        Scope::new(self.clone(), Box::pin(future))
    }

    /// Returns whether this lineage is empty. It is empty outside jobs, except in a
    /// task that carries the lineage of a job.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.frame.is_none()
    }

    /// Returns this lineage without the innermost frames that are over.
    pub(crate) fn living(mut self) -> Self {
        while let Some(frame) = &self.frame
            && frame.is_over()
        {
            let parent = frame.parent();
            self = parent;
        }
        self
    }

    /// Cuts the frames that are over out of the chain.
    ///
    /// It checks the nearest links only. The links behind were checked while they were
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

    /// Puts this lineage in force for a job that starts here, until
    /// [`end`](InstalledJob::end) is called.
    pub(crate) fn install_for(self, pool: PoolId, job: JobId) -> InstalledJob {
        let top = Top {
            lineage: self,
            unframed: Some(Owner {
                pool,
                job: Some(job),
                kind: Kind::Job,
                at: None,
            }),
            wait_around: None,
        };
        let current = Current { top, job: None };
        InstalledJob {
            before: replace(current),
        }
    }

    /// Notes in the frames of jobs that a descendant is queued among the unrelated jobs.
    /// `before` unrelated jobs had been pushed before the descendant.
    pub(crate) fn note_unrelated(&self, pool: PoolId, before: usize) {
        // Fast path, as in `is_waited_for_in`: most jobs have no lineage.
        if self.is_root() {
            return;
        }
        for frame in self.frames() {
            if frame.kind() == Kind::Job && frame.is_open_in(pool) {
                frame.note_unrelated(before);
            }
        }
    }

    /// Returns whether the chain has this frame.
    pub(crate) fn contains(&self, frame: &Arc<Frame>) -> bool {
        self.frames().any(|other| Arc::ptr_eq(&other, frame))
    }

    /// Returns the address of the innermost frame. Siblings have the same one.
    pub(crate) fn innermost(&self) -> Option<usize> {
        self.frame.as_ref().map(|frame| Arc::as_ptr(frame).addr())
    }

    /// Returns whether a job with this lineage descends from an open wait of `pool`, or from
    /// a parked job of it. The caller holds the pool's lock, because jobs park under it.
    #[inline]
    pub(crate) fn is_waited_for_in(&self, pool: PoolId) -> bool {
        !self.is_root()
            && self
                .frames()
                .any(|frame| frame.is_open_in(pool) && frame.waits())
    }

    /// Returns the frames of the chain, innermost first.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Arc<Frame>> + use<> {
        std::iter::successors(self.frame.clone(), |frame| frame.parent().frame)
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
impl Lineage {
    /// Returns the chain that begins with this frame.
    pub(crate) fn of(frame: &Arc<Frame>) -> Self {
        Self {
            frame: Some(Arc::clone(frame)),
        }
    }

    /// Returns this chain with one more frame, of `job` or of a wait of it.
    pub(crate) fn below(&self, pool: PoolId, job: JobId, kind: Kind) -> Self {
        let job = Some(job);
        Self::of(&Arc::new(Frame::new(
            Owner {
                pool,
                job,
                kind,
                at: None,
            },
            self.clone(),
        )))
    }

    /// Returns the innermost frame.
    pub(crate) fn top(&self) -> Option<Arc<Frame>> {
        self.frame.clone()
    }
}

impl fmt::Debug for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lineage")
            .field("depth", &self.frames().count())
            .finish()
    }
}
