//! The shutdown of a pool, as a call: sync code uses `.wait()`, async code `.await`.

use std::{
    fmt, mem,
    panic::{RefUnwindSafe, UnwindSafe},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::handle::Handle;
use crate::{
    core::{Core, Ending, settle},
    job::ambient::KeptByShutdown,
    platform::{
        fork::OfProcess,
        sync::{now, yield_now},
    },
    thread::on_thread::OnThread,
    vocabulary::{end_report::Shutdown, name::PoolName},
    waiting,
};

/// The shutdown of a pool. See [`Pool::shutdown`](crate::Pool::shutdown).
///
/// Like every future it is lazy: nothing happens before [`wait`](Self::wait) or the first
/// poll.
///
/// # Cancel safety
///
/// Dropping it before the first poll does nothing. After the first poll the shutdown
/// goes on without it, and only the report is lost. But if the system had no thread to give
/// at that poll, nobody is left to end the grace: the pool is closed, and goes on running the
/// jobs that it has admitted.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use bridge_offload::Pool;
///
/// let pool = Pool::new();
/// let report = pollster::block_on(pool.shutdown(Duration::from_secs(5)));
/// assert_eq!(report.abandoned, 0);
/// ```
#[must_use = "a shutdown does nothing unless it is awaited, or waited for with `wait`"]
pub struct PoolShutdown {
    core: OfProcess<Arc<Core>>,
    /// A fork's child names the pool too.
    name: PoolName,
    grace: Duration,
    step: ShutdownStep,
    /// Returns what the ambient wants kept by the thread that waits for the end.
    keep: fn() -> Option<KeptByShutdown>,
}

/// The step that a shutdown has reached.
enum ShutdownStep {
    /// Nothing has happened.
    Lazy,
    /// The shutdown has begun, but the system has no thread that could wait for the end.
    Begun(Ending),
    /// A thread of its own waits for the end.
    OnThread(OnThread<Shutdown>),
    /// The report was returned, or [`PoolShutdown::wait`] returns it.
    Over,
}

// As for `Handle`: a panic of the caller leaves the pool whole.
impl UnwindSafe for PoolShutdown {}
impl RefUnwindSafe for PoolShutdown {}

impl PoolShutdown {
    pub(crate) fn new(
        handle: &Handle,
        grace: Duration,
        keep: fn() -> Option<KeptByShutdown>,
    ) -> Self {
        Self {
            core: handle.core.clone(),
            name: handle.name.clone(),
            grace,
            step: ShutdownStep::Lazy,
            keep,
        }
    }

    /// Shuts the pool down, and blocks this thread until that is over.
    ///
    /// A worker that calls this returns its permit meanwhile, so that other workers can
    /// run the queued jobs.
    ///
    /// # Panics
    ///
    /// Panics if this future has been polled. But if the system had no thread to give at that
    /// poll, this call continues the shutdown.
    #[track_caller]
    pub fn wait(mut self) -> Shutdown {
        let step = mem::replace(&mut self.step, ShutdownStep::Over);
        let Ok(core) = self.core.get() else {
            return nothing_of(&self.name); // the jobs are the parent's
        };
        match step {
            ShutdownStep::Lazy => finish(core, &core.begin_end(self.grace)),
            ShutdownStep::Begun(ending) => finish(core, &ending.taken_over(core)),
            ShutdownStep::OnThread(_) | ShutdownStep::Over => {
                panic!("a shutdown that has been polled must be awaited, not waited for")
            }
        }
    }

    /// Polls the thread that waits for the end, and keeps it unless it is done.
    fn poll_thread(
        &mut self,
        mut thread: OnThread<Shutdown>,
        cx: &mut Context<'_>,
    ) -> Poll<Shutdown> {
        let poll = Pin::new(&mut thread).poll(cx);
        if poll.is_pending() {
            self.step = ShutdownStep::OnThread(thread);
        }
        poll
    }
}

impl Future for PoolShutdown {
    type Output = Shutdown;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Shutdown> {
        let this = &mut *self;
        let Ok(core) = this.core.get() else {
            return Poll::Ready(nothing_of(&this.name)); // the jobs are the parent's
        };
        let ending = match mem::replace(&mut this.step, ShutdownStep::Over) {
            ShutdownStep::Lazy => core.begin_end(this.grace),
            ShutdownStep::Begun(ending) => ending.taken_over(core),
            ShutdownStep::OnThread(thread) => return this.poll_thread(thread, cx),
            ShutdownStep::Over => panic!("a shutdown was polled after it had ended"),
        };
        match finish_on_thread(core, ending, (this.keep)()) {
            Ok(thread) => this.poll_thread(thread, cx),
            // The system has no thread. But nothing is left to wait for, or no time, so
            // `finish` does not block here.
            Err(mut ending) if ending.is_over(core) => {
                ending.cancel_grace = Duration::ZERO;
                ending.until = Some(now()); // not for the threads either
                Poll::Ready(finish(core, &ending))
            }
            // The jobs go on. The next poll asks for a thread again.
            Err(ending) => {
                this.step = ShutdownStep::Begun(ending);
                yield_now();
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl fmt::Debug for PoolShutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolShutdown")
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// Returns the report of a shutdown that has no jobs.
fn nothing_of(pool: &PoolName) -> Shutdown {
    Shutdown {
        pool: pool.clone(),
        ..Shutdown::default()
    }
}

/// Calls [`finish`] on a thread of its own, because the polling thread must not block.
/// Returns `Err` if the system has no thread to give now.
fn finish_on_thread(
    core: &Arc<Core>,
    ending: Ending,
    kept: Option<KeptByShutdown>,
) -> Result<OnThread<Shutdown>, Ending> {
    // The closure is lost if the thread can't be started, so it takes a copy.
    let (core, copy) = (Arc::clone(core), ending.clone());
    let name = core.limits.name.thread_name("shutdown");
    OnThread::start(&name, kept, move || finish(&core, &copy)).map_err(|_error| ending)
}

/// Waits for the end of the pool in two steps, and tells the callers of jobs. Then waits for
/// the pool's threads.
fn finish(core: &Arc<Core>, ending: &Ending) -> Shutdown {
    let mut drained = waiting::wait_for_end(core, |own_worker| core.drain(ending, own_worker));
    // The next three lines come after the wait, because they run hooks, wakers and
    // destructors, which may wait too. The callers of queued jobs are told first: a hook may
    // wait for a lock of a job that waits for such a caller. The destructors come last,
    // because they may wait for the end of a running job.
    drained.make_report(core);
    let left = drained.tell_abandoned(core);
    if drained.call_hooks(core).is_err() {
        mem::forget((left, drained)); // in a fork's child, these belong to the parent
        return nothing_of(&core.limits.name);
    }
    settle(left);
    let mut until = ending.until;
    if drained.stops_any() {
        until = now().checked_add(ending.cancel_grace);
        waiting::wait_for_end(core, |_own_worker| core.wait_for_stopping(&drained, until));
    }
    let report = drained.finish(core);
    // The end of the process would cut off the stop hooks and the thread-locals' destructors.
    // If a job is left, its thread may be stuck.
    if !ending.is_own && core.is_left_by_jobs() {
        waiting::wait_for_end(core, |_own_worker| core.wait_for_threads(until));
    }
    report
}
