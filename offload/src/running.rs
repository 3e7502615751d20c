//! Which job runs on this thread, so that its closure can ask whether anybody
//! still wants it, and its waits can say who waits.

use std::{any::Any, cell::RefCell, sync::Arc};

use crate::{lineage::JobId, runnable::Runnable, sync::thread_local};

thread_local! {
    static RUNNING: RefCell<Option<Arc<dyn Runnable>>> = RefCell::default();
}

/// Runs `closure`, which must not unwind, in the name of this job, and gives the
/// job back. It is not a clone that stands for it meanwhile: counting one more
/// reference is among the dearer things that a short job costs.
pub(crate) fn in_name_of<J: Runnable, R>(job: Arc<J>, closure: impl FnOnce() -> R) -> (Arc<J>, R) {
    let before = replace(Some(job));
    let result = closure();
    let job = replace(before).map(|job| job as Arc<dyn Any + Send + Sync>);
    let Some(Ok(job)) = job.map(Arc::downcast) else {
        unreachable!("whatever ran meanwhile has put this job back")
    };
    (job, result)
}

fn replace(job: Option<Arc<dyn Runnable>>) -> Option<Arc<dyn Runnable>> {
    RUNNING.with(|running| running.replace(job))
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
