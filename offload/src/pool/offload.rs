//! The future of an offloaded closure.

use std::{
    fmt,
    panic::{Location, RefUnwindSafe, UnwindSafe},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use super::handle::Handle;
use crate::{
    core::{self, Core, Refusal},
    job::{
        Job,
        ambient::Ambient,
        awaitable::{Awaitable, Leave, Withdrawal},
        eager::{Eagerness, FurtherPolls},
        header::Header,
        runnable::Submitted,
    },
    lineage::{self, PoolId},
    schedule::{expected_start::ExpectedStart, limits::WhenFull},
    vocabulary::error::OffloadError,
    worker::this_worker,
};

/// The future of a closure that was handed to a pool.
///
/// It resolves to the closure's value. Like every future it is lazy: the job is
/// submitted at the first poll, or by [`start`](Self::start).
///
/// # Panics
///
/// A poll resumes the closure's panic, with its payload. It panics with the text of an
/// [`OffloadError`] if the closure can't run. [`outcome`](Self::outcome) gives both as
/// errors instead.
///
/// # Cancel safety
///
/// A drop of the future withdraws the job. A queued job never runs, and its captures
/// are dropped at once. A running job goes on to its end and keeps its permit until
/// then. Its closure can see that nobody awaits it, by [`cancelled`](crate::cancelled), by
/// [`on_cancel`](crate::on_cancel) or by [`cancellation`](crate::cancellation).
///
/// # Examples
///
/// ```
/// use bridge_offload::Pool;
///
/// let pool = Pool::new();
/// let sum = pollster::block_on(pool.run(|| (1..=10).sum::<u32>()));
/// assert_eq!(sum, 55);
/// ```
#[must_use = "an offload does nothing unless it is awaited or started"]
pub struct Offload<T> {
    job: Arc<dyn Awaitable<T>>,
    /// Keeps the pool open as long as the future lives.
    pool: Arc<Handle>,
    progress: Progress,
    further_polls: FurtherPolls,
}

// A poll resumes the closure's panic only after the job is over.
impl<T> UnwindSafe for Offload<T> {}
impl<T> RefUnwindSafe for Offload<T> {}

/// The progress of the caller with its job.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The job has not been submitted.
    Lazy,
    /// The job was submitted, and its result has not been polled for.
    Started,
    /// The job was submitted, and its result was polled for.
    Awaited,
    /// The future has nothing to withdraw any more.
    Over,
}

/// The result of [`Offload::cancel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Cancelled {
    /// The closure had not started, and never will.
    Withdrawn,
    /// The closure is running, and was told: by [`cancelled`](crate::cancelled),
    /// [`on_cancel`](crate::on_cancel) and [`cancellation`](crate::cancellation). Its
    /// result can still be awaited.
    Running,
    /// The job was over: the closure had ended, or an earlier cancellation or a shutdown had
    /// withdrawn it. Its result, or its error, can still be awaited.
    Finished,
}

impl<T: Send + 'static> Offload<T> {
    pub(crate) fn new<A: Ambient>(
        pool: Arc<Handle>,
        closure: impl FnOnce() -> T + Send + 'static,
        at: &'static Location<'static>,
    ) -> Self {
        let job: Arc<Job<_, T, A>> = Job::new(closure, at);
        Self {
            job,
            pool,
            progress: Progress::Lazy,
            further_polls: FurtherPolls::default(),
        }
    }

    /// Returns the future of a job that has been submitted.
    pub(crate) fn submitted(pool: Arc<Handle>, job: Arc<dyn Awaitable<T>>) -> Self {
        Self {
            job,
            pool,
            progress: Progress::Started,
            further_polls: FurtherPolls::default(),
        }
    }

    /// Submits the job now instead of at the first poll. If the queue is full, the job
    /// goes to the backlog.
    ///
    /// ```
    /// use bridge_offload::Pool;
    ///
    /// let pool = Pool::new();
    /// let first = pool.run(|| 1).start();
    /// let second = pool.run(|| 2).start(); // both run while neither is awaited
    /// assert_eq!(pollster::block_on(async { first.await + second.await }), 3);
    /// ```
    #[must_use = "dropping an offload withdraws its job"]
    pub fn start(mut self) -> Self {
        self.submit(None);
        self
    }

    /// Returns whether the job is over, so that an `.await` does not wait: its closure has ended, or
    /// will not run.
    ///
    /// ```
    /// use bridge_offload::Pool;
    ///
    /// let pool = Pool::new();
    /// let mut job = pool.run(|| 7);
    /// assert!(!job.is_finished()); // it has not been submitted
    /// assert_eq!(pollster::block_on(&mut job), 7);
    /// assert!(job.is_finished());
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        // In a fork's child, a poll tells of the fork at once. And a thread of the parent may have
        // held the job's lock.
        self.pool.core.get().is_err() || self.job.is_over()
    }

    /// Withdraws the job, or tells the running closure that nobody needs it any more.
    /// Returns how far the job had got.
    pub fn cancel(&self) -> Cancelled {
        let Ok(core) = self.pool.core.get() else {
            // No thread of this process will run the job. A thread of the parent may have
            // held the job's lock, which nobody releases here.
            return Cancelled::Withdrawn;
        };
        match self.leave(core, Leave::ByCancel) {
            Withdrawal::Withdrawn => Cancelled::Withdrawn,
            Withdrawal::Running => Cancelled::Running,
            Withdrawal::Over => Cancelled::Finished,
        }
    }

    /// Lets the job run although nobody awaits it, and submits it if it has not been
    /// submitted. If the queue is full, the job goes to the backlog.
    ///
    /// Nobody can cancel the job any more. Only a shutdown that has used up its grace still
    /// tells it to stop.
    ///
    /// The job runs even if this was the last handle to the pool. Before the process
    /// exits, it waits for the job: see [`Builder::exit_grace`](crate::Builder::exit_grace).
    /// A panic of the closure is counted in [`Metrics::panicked`](crate::Metrics::panicked)
    /// and reported through [`Ambient::lost`].
    ///
    /// # Corner cases
    ///
    /// In the `bridge` crate, the drop of a bridge's last handle ends its home runtime. A job
    /// that rests on that runtime runs, but a wait in it fails then.
    ///
    /// A pool that is shut down, or that belongs to the parent of a fork, does not
    /// take the job. [`Ambient::lost`] reports that too, with the place of the call.
    /// If the caller must know, `pool.try_run(closure)?.detach()` returns the refusal
    /// as an error, with the closure.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use bridge_offload::Pool;
    ///
    /// let (note, noted) = mpsc::channel();
    /// Pool::new().run(move || note.send("written").unwrap()).detach();
    /// assert_eq!(noted.recv(), Ok("written"));
    /// ```
    pub fn detach(mut self) {
        if self.is_submitted() && self.pool.core.get().is_err() {
            return; // the job runs in the parent
        }
        // The header says so before the submission: a closed pool refuses a detached job, and a
        // worker reports the panic of one.
        self.job.header().detach();
        self.submit(None);
        // From here on, the drop of this future withdraws nothing.
        self.progress = Progress::Over;
        self.job
            .detach(Arc::clone(&self.pool) as _, &self.pool.name);
    }

    /// Submits the job. The end of the job wakes `waker`. Returns true if there is no
    /// point in a poll for the result yet.
    fn submit(&mut self, waker: Option<&Waker>) -> bool {
        if self.progress != Progress::Lazy {
            return false;
        }
        let Some(job) = Arc::get_mut(&mut self.job) else {
            unreachable!("nobody else knows a job that was not submitted")
        };
        // This runs user code. If that panics, this future stays lazy.
        let lineage = job.prepare(waker, &self.pool.config);
        self.progress = match waker {
            Some(_) => Progress::Awaited,
            None => Progress::Started,
        };
        let Some(lineage) = lineage else {
            return false; // cancelled before it was submitted
        };
        let job = Arc::clone(&self.job).as_runnable();
        let job = Submitted { job, lineage };
        // To call a worker takes so long that the job may end meanwhile. This caller polls
        // again after it, so a wake-up would only make its executor poll for nothing.
        let before_call = || waker.and_then(|_| self.job.take_waker());
        match self.pool.submit(job, WhenFull::JoinBacklog, before_call) {
            Ok(ExpectedStart::AtOnce) => {
                if waker.is_some()
                    && let Ok(core) = self.pool.core.get()
                {
                    self.further_polls = core.eagerness.begin();
                }
                true
            }
            Ok(ExpectedStart::InTurn | ExpectedStart::InBacklog) => true,
            // The job may be done already.
            Ok(ExpectedStart::Called) => false,
            Err(refusal) => {
                let at = self.job.header().at;
                let pool = self.pool.name.clone();
                // `Full` does not come here, because this job may join the backlog.
                let error = match refusal {
                    Refusal::Forked => OffloadError::Forked { at, pool },
                    Refusal::ShutDown | Refusal::Full => OffloadError::ShutDown { at, pool },
                };
                core::settle(vec![self.job.abandon(error)]);
                false
            }
        }
    }

    /// Polls for the result, or for why there is none.
    ///
    /// # Errors
    ///
    /// The errors are the same as for [`outcome`](Self::outcome).
    #[doc(hidden)]
    pub fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>> {
        // If the job has just been queued with this waker, a poll for the result would only
        // take the job's lock from the worker that runs it.
        let is_just_queued = self.progress == Progress::Lazy && self.submit(Some(cx.waker()));
        let Ok(core) = self.pool.core.get() else {
            // A thread of the parent may hold the job's lock.
            return Poll::Ready(Err(OffloadError::Forked {
                at: self.job.header().at,
                pool: self.pool.name.clone(),
            }));
        };
        if is_just_queued {
            // A job that is submitted within the wait's own lineage is its descendant anyway.
            if this_worker::is_worker() && lineage::is_in_scope_of_wait() {
                adopt(core.id(), self.job.header());
            }
            return pending(&core.eagerness, &mut self.further_polls, cx);
        }
        let mut poll = self.job.poll(cx);
        match &mut poll {
            // If the job was refused, its error does not name the pool yet. The closure stays
            // until the caller takes it back or drops this future.
            Poll::Ready(Err(OffloadError::ShutDown { pool, .. })) => {
                pool.clone_from(&self.pool.name);
            }
            Poll::Ready(_) => {
                self.progress = Progress::Over;
                core.eagerness.succeeded(&mut self.further_polls);
            }
            Poll::Pending => {
                if self.progress == Progress::Started {
                    self.progress = Progress::Awaited;
                    if core.is_nearly_through() {
                        self.further_polls = core.eagerness.begin();
                    }
                }
                if this_worker::is_worker() {
                    adopt(core.id(), self.job.header());
                }
                return pending(&core.eagerness, &mut self.further_polls, cx);
            }
        }
        poll
    }
}

/// Returns `Pending`. It may ask the executor for one more poll.
fn pending<R>(eagerness: &Eagerness, polls: &mut FurtherPolls, cx: &Context<'_>) -> Poll<R> {
    if eagerness.again(polls) {
        cx.waker().wake_by_ref();
    }
    Poll::Pending
}

/// Makes the wait that is open on this worker depend on the job, so that the job
/// can start on credit. Otherwise the pool may stand still: the job that waits may
/// hold a lock on which all running jobs block.
#[cold]
fn adopt(pool: PoolId, header: &Header) {
    let own = lineage::adopt(pool, header.unrelated_before());
    if let Some(wait) = own.or_else(lineage::number_of_innermost_wait) {
        header.set_adopter(wait);
    }
}

impl<T: Send + 'static> Future for Offload<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.poll_outcome(cx).map(|result| match result {
            Ok(value) => value,
            Err(error) => error.resume(),
        })
    }
}

impl<T> Offload<T> {
    /// Returns whether the pool may have the job.
    fn is_submitted(&self) -> bool {
        matches!(self.progress, Progress::Started | Progress::Awaited)
    }

    /// Withdraws the job: the pool counts it as cancelled. If the closure runs, calls its
    /// hooks.
    fn leave(&self, core: &Core, leave: Leave) -> Withdrawal {
        let header = self.job.header();
        self.job.withdraw(leave, &|withdrawal| match withdrawal {
            Withdrawal::Withdrawn if self.is_submitted() => core.forget(header),
            Withdrawal::Running => core.listeners.tell(header),
            Withdrawal::Withdrawn | Withdrawal::Over => {}
        })
    }
}

impl<T> Drop for Offload<T> {
    fn drop(&mut self) {
        if self.is_submitted()
            && let Ok(core) = self.pool.core.get()
        {
            let _state = self.leave(core, Leave::ByDrop);
        }
    }
}

impl<T> fmt::Debug for Offload<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offload")
            .field("at", &self.job.header().at)
            .finish_non_exhaustive()
    }
}
