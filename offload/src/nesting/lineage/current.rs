//! The lineage that is in force on this thread.

use std::{cell::RefCell, mem, sync::Arc};

use super::{Frame, JobId, Kind, Lineage, Owner, PoolId};
use crate::platform::sync::thread_local;

/// What is in force on a thread.
#[derive(Default)]
pub(super) struct Current {
    pub(super) top: Top,
    /// The frame of the job that runs here, if something has asked for it.
    pub(super) job: Option<Arc<Frame>>,
}

/// The innermost part of what is in force.
#[derive(Default)]
pub(super) struct Top {
    pub(super) lineage: Lineage,
    /// The owner of the innermost job or wait while that has no frame yet.
    pub(super) unframed: Option<Owner>,
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
            crate::shutdown::exit::note(current.standing());
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
    pub(super) before: Option<Current>,
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
    job_frame().as_ref().unwrap_or(&wait).note_unrelated(before);
    Some(wait.number())
}

/// The frame of the job that runs here, if it has one.
pub(crate) fn job_frame() -> Option<Arc<Frame>> {
    with_current(|current| current.job.clone())
}

pub(super) fn install(top: Top) -> Installed {
    Installed {
        before: Some(with_current(|slot| mem::replace(&mut slot.top, top))),
    }
}

/// Once the thread's locals are gone, nothing is in force any more.
pub(super) fn with_current<R>(f: impl FnOnce(&mut Current) -> R) -> R {
    let mut f = Some(f);
    let mut call = |current: &mut Current| f.take().map(|f| f(current));
    CURRENT
        .try_with(|slot| call(&mut slot.0.borrow_mut()))
        .unwrap_or_else(|_| call(&mut Current::default()))
        .unwrap_or_else(|| unreachable!("exactly one of the two calls is made"))
}
