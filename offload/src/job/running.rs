//! Remembers which job runs on this thread.
//!
//! A closure asks here whether its caller still wants the result. A wait asks which job
//! it belongs to.

use std::{any::Any, cell::RefCell, marker::PhantomData, mem, sync::Arc};

use super::runnable::Runnable;
use crate::{lineage::JobId, platform::sync::thread_local};

thread_local! {
    static RUNNING: RefCell<Slot> = RefCell::default();
}

#[derive(Default)]
struct Slot {
    job: Option<Arc<dyn Runnable>>,
}

/// Notes the job of a thread that ends inside the job, because the job has called `exit`.
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(job) = &self.job {
            crate::lineage::unfinished::note(std::iter::once(JobId::of(job)));
        }
    }
}

/// A job of type `J` whose code runs on this thread, until [`leave`](Self::leave) is called.
///
/// This is no guard, because the code of a job never unwinds out of it.
#[must_use]
pub(crate) struct Running<J> {
    /// The job that stands still meanwhile, if this one was lent to its wait.
    before: Option<Arc<dyn Runnable>>,
    job_type: PhantomData<J>,
}

/// Notes that the code of `job` runs on this thread.
///
/// The thread-local takes the job itself and no clone, because one more count of references
/// would be among the highest costs of a short job.
pub(crate) fn enter<J: Runnable>(job: Arc<J>) -> Running<J> {
    Running {
        before: replace(Some(job)),
        job_type: PhantomData,
    }
}

impl<J: Runnable> Running<J> {
    /// Notes that the code of the job has ended, and returns the job.
    pub(crate) fn leave(self) -> Arc<J> {
        let job = replace(self.before).map(|job| job as Arc<dyn Any + Send + Sync>);
        let Some(Ok(job)) = job.map(Arc::downcast) else {
            unreachable!("a job that ran inside this one has put this one back")
        };
        job
    }
}

fn replace(job: Option<Arc<dyn Runnable>>) -> Option<Arc<dyn Runnable>> {
    RUNNING.with(|running| mem::replace(&mut running.borrow_mut().job, job))
}

/// Returns the job whose closure runs on this thread.
pub(crate) fn job() -> Option<Arc<dyn Runnable>> {
    let job = RUNNING.try_with(|running| running.borrow().job.clone());
    job.ok().flatten()
}

/// Returns the identity of the job whose closure runs on this thread.
pub(crate) fn current() -> Option<JobId> {
    RUNNING
        .try_with(|running| running.borrow().job.as_ref().map(JobId::of))
        .ok()
        .flatten()
}

/// Returns whether the job that runs on this thread should return early.
///
/// It is true if the caller has dropped or cancelled the job. It is also true if the
/// [shutdown](crate::Pool::shutdown) of the pool has used up its grace. A closure
/// that runs long asks now and then. Outside a job this is false.
///
/// A closure that blocks can't ask: see [`on_cancel`](crate::on_cancel). A wait inside a
/// job can listen to [`cancellation`](crate::cancellation).
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
