//! The lineage in force on this thread, as a thread-local.

use std::{cell::RefCell, mem, panic::Location, sync::Arc};

use super::{Frame, JobId, Kind, Lineage, Owner, PoolId};
use crate::platform::sync::thread_local;

/// The lineage in force on a thread, and the job that runs there.
#[derive(Default)]
pub(super) struct Current {
    pub(super) top: Top,
    /// The frame of the job that runs here, if something has asked for it.
    pub(super) job: Option<Arc<Frame>>,
}

/// The lineage in force. The innermost job or wait may have no frame yet.
#[derive(Default)]
pub(super) struct Top {
    pub(super) lineage: Lineage,
    /// The owner of the frame that the innermost job or wait will have, if it has none
    /// yet.
    pub(super) unframed: Option<Owner>,
    /// The innermost wait of this thread, if the lineage is that of a scope within the wait.
    pub(super) wait_around: Option<Arc<Frame>>,
}

/// A thread's own [`Current`].
#[derive(Default)]
struct Slot(RefCell<Current>);

/// Notes the jobs of a thread that has called `exit`. Only such a thread ends inside a
/// job or a wait, or in code that a wait depends on.
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
impl Drop for Slot {
    fn drop(&mut self) {
        let current = self.0.get_mut();
        if current.top.unframed.is_some() || !current.top.lineage.is_root() {
            super::unfinished::note(current.jobs());
        }
    }
}

#[cfg(not(any(bridge_loom, bridge_shuttle)))]
impl Current {
    /// Returns the job that runs here, and the jobs that wait for the code here.
    fn jobs(&self) -> impl Iterator<Item = JobId> + use<> {
        let own = self.job.as_ref().and_then(|frame| frame.job());
        let frames = self.top.lineage.frames();
        let open = frames.filter(|frame| !frame.is_over() && frame.waits());
        let jobs = open.filter_map(|frame| frame.job()).chain(own);
        jobs.chain(self.top.unframed.and_then(|owner| owner.job))
    }
}

/// Returns the job that runs on this thread, and the jobs that wait for the code here.
///
/// There are none once the thread-locals are gone.
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
pub(crate) fn jobs_here() -> Vec<JobId> {
    with_current(|current| current.jobs().collect())
}

thread_local! {
    static CURRENT: Slot = Slot::default();
}

/// A guard that restores the lineage that was in force before.
pub(crate) struct Installed {
    before: Option<Top>,
}

impl Drop for Installed {
    fn drop(&mut self) {
        if let Some(before) = self.before.take() {
            // The old value is dropped after the borrow ends, because that may drop a
            // whole chain of frames.
            let _ended = with_current(|current| mem::replace(&mut current.top, before));
        }
    }
}

/// The lineage that was in force on this thread before a job started here.
///
/// This is no guard, because the code of a job never unwinds out of it.
#[must_use]
pub(crate) struct InstalledJob {
    pub(super) before: Current,
}

impl InstalledJob {
    /// Closes the job's frame, and restores the lineage that was in force before.
    pub(crate) fn end(self) {
        let ended = replace(self.before);
        if let Some(frame) = &ended.job {
            frame.close();
        }
    }
}

/// Opens a wait on this thread. Its frame is made when something asks for it.
pub(crate) fn open_wait(
    pool: PoolId,
    job: Option<JobId>,
    at: Option<&'static Location<'static>>,
) -> Installed {
    // The parent of this wait's frame is the frame of the job, or of the wait around
    // it. So the parent is made first.
    let lineage = if with_current(|current| current.top.unframed.is_some()) {
        Lineage::current()
    } else {
        with_current(|current| current.top.lineage.clone())
    };
    let kind = Kind::Wait;
    install(Top {
        lineage,
        unframed: Some(Owner {
            pool,
            job,
            kind,
            at,
        }),
        wait_around: None,
    })
}

/// Puts the lineage of a scope in force until the guard is dropped.
pub(super) fn enter_scope(lineage: Lineage) -> Installed {
    let is_unframed = |current: &mut Current| {
        let owner = current.top.unframed.as_ref();
        owner.is_some_and(|owner| owner.kind == Kind::Wait)
    };
    // Jobs that the scope polls need the frame of the wait around it.
    if with_current(is_unframed) {
        let _framed = Lineage::current();
    }
    let wait_around = with_current(|current| {
        let top = &current.top;
        let innermost = || {
            top.lineage
                .frame
                .as_ref()
                .filter(|_| top.unframed.is_none())
        };
        let wait = top.wait_around.as_ref().or_else(innermost);
        wait.filter(|frame| frame.kind() == Kind::Wait).cloned()
    });
    install(Top {
        lineage,
        unframed: None,
        wait_around,
    })
}

/// Returns the frame of the innermost wait, if something has asked for it.
pub(crate) fn opened_frame() -> Option<Arc<Frame>> {
    with_current(|current| {
        if current.top.unframed.is_some() {
            None
        } else {
            current.top.lineage.frame.clone()
        }
    })
}

/// Returns the frame of the innermost wait, and makes it if there is none yet.
pub(crate) fn frame() -> Arc<Frame> {
    Lineage::current().frame.unwrap_or_else(|| {
        unreachable!("a wait is open on this thread, so asking for its frame makes one")
    })
}

/// Returns whether the code here is in a scope within a wait of this thread.
pub(crate) fn is_in_scope_of_wait() -> bool {
    with_current(|current| current.top.wait_around.is_some())
}

/// Returns the frame of the innermost wait on this thread. It is also the frame in force if
/// that is the frame of another thread's wait.
fn innermost_wait() -> Option<Arc<Frame>> {
    let around = with_current(|current| current.top.wait_around.clone());
    let wait = around.or_else(|| Lineage::current().frame)?;
    (wait.kind() == Kind::Wait).then_some(wait)
}

/// Makes the innermost wait on this thread depend on a job that it polls for. Returns
/// the number of the wait, or `None` if `pool` has no wait open here.
///
/// `before` unrelated jobs had been pushed before that job.
pub(crate) fn adopt(pool: PoolId, before: usize) -> Option<usize> {
    let wait = innermost_wait().filter(|wait| wait.is_open_in(pool))?;
    // The job may be queued among the unrelated jobs. The next park looks there. A job of
    // another pool does not, because that pool counts its own unrelated jobs.
    let job = job_frame().filter(|job| job.pool() == pool);
    job.as_ref().unwrap_or(&wait).note_unrelated(before);
    Some(wait.number())
}

/// Returns the number of the innermost wait on this thread, if it is open in any pool.
///
/// A pool finds workers only for its own waits. The number of another pool's wait only tells
/// a report who waits.
pub(crate) fn number_of_innermost_wait() -> Option<usize> {
    let wait = innermost_wait()?;
    (!wait.is_over()).then(|| wait.number())
}

/// Returns the frame of the job that runs here, if it has one.
pub(crate) fn job_frame() -> Option<Arc<Frame>> {
    with_current(|current| current.job.clone())
}

/// Puts `current` in force, and returns what was in force before. Once the thread-locals are
/// gone, that is an empty one.
pub(super) fn replace(current: Current) -> Current {
    CURRENT
        .try_with(|slot| slot.0.replace(current))
        .unwrap_or_default()
}

/// Puts `top` in force until the guard is dropped.
pub(super) fn install(top: Top) -> Installed {
    Installed {
        before: Some(with_current(|slot| mem::replace(&mut slot.top, top))),
    }
}

/// Calls `f` with the lineage in force. Once the thread-locals are gone, that is an
/// empty one.
pub(super) fn with_current<R>(f: impl FnOnce(&mut Current) -> R) -> R {
    let mut f = Some(f);
    let mut call = |current: &mut Current| f.take().map(|f| f(current));
    CURRENT
        .try_with(|slot| call(&mut slot.0.borrow_mut()))
        .unwrap_or_else(|_| call(&mut Current::default()))
        .unwrap_or_else(|| unreachable!("exactly one of the two calls is made"))
}
