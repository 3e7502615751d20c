//! Which job runs on this thread, so that its closure can ask whether anybody
//! still wants it, and its waits can say who waits.

use std::{cell::RefCell, sync::Arc};

use crate::{lineage::JobId, runnable::Runnable, sync::thread_local};

thread_local! {
    static RUNNING: RefCell<Option<Arc<dyn Runnable>>> = RefCell::default();
}

/// Names the job whose closure runs on this thread, for [`cancelled`].
pub(crate) struct Running {
    before: Option<Arc<dyn Runnable>>,
}

impl Running {
    pub(crate) fn enter(job: Arc<dyn Runnable>) -> Self {
        Self {
            before: RUNNING.with(|running| running.replace(Some(job))),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let before = self.before.take();
        let _ended = RUNNING.try_with(|running| running.replace(before));
    }
}

/// The job whose closure runs on this thread.
pub(crate) fn current() -> Option<JobId> {
    RUNNING
        .try_with(|running| running.borrow().as_ref().map(JobId::of))
        .ok()
        .flatten()
}

/// Whether the caller of the job that runs on this thread has dropped or
/// cancelled it.
///
/// A closure that runs long asks now and then, and returns early: nobody takes
/// its result. Outside a job this is false.
///
/// ```
/// use bridge_offload::Pool;
///
/// let pool = Pool::new();
/// let task = pool.run(|| (0..1_000).take_while(|_| !bridge_offload::cancelled()).count());
/// assert_eq!(pollster::block_on(task), 1_000);
/// ```
#[must_use]
pub fn cancelled() -> bool {
    RUNNING
        .try_with(|running| {
            running
                .borrow()
                .as_ref()
                .is_some_and(|job| job.header().is_cancelled())
        })
        .unwrap_or(false)
}
