//! Which job runs on this thread, so that its closure can ask whether anybody
//! still wants it, and its waits can say who waits.

use std::{any::Any, cell::RefCell, mem, sync::Arc};

use crate::{job::runnable::Runnable, nesting::lineage::JobId, platform::sync::thread_local};

thread_local! {
    static RUNNING: RefCell<Slot> = RefCell::default();
}

#[derive(Default)]
struct Slot {
    job: Option<Arc<dyn Runnable>>,
}

/// Its thread ends inside a job: the job has called `exit`.
#[cfg(not(bridge_loom))]
impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(job) = &self.job {
            crate::shutdown::exit::note(std::iter::once(JobId::of(job)));
        }
    }
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
    RUNNING.with(|running| mem::replace(&mut running.borrow_mut().job, job))
}

/// The job whose closure runs on this thread.
pub(crate) fn current() -> Option<JobId> {
    RUNNING
        .try_with(|running| running.borrow().job.as_ref().map(JobId::of))
        .ok()
        .flatten()
}

/// Whether the job that runs on this thread should return early.
///
/// That is so when its caller has dropped or cancelled it, and when the
/// [shutdown](crate::Pool::shutdown) of its pool has used up its grace. A closure
/// that runs long asks now and then. Outside a job this is false.
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
                .job
                .as_ref()
                .is_some_and(|job| job.header().should_stop())
        })
        .unwrap_or(false)
}
