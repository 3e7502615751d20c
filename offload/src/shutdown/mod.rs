//! A shutdown as a call: `.wait()` in sync code, `.await` in async code.

#[cfg(not(bridge_loom))]
pub mod exit;

use std::{
    fmt, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Shutdown,
    core::{Core, Ending},
    nesting::waiting,
    thread::helper::OnThread,
};

/// The shutdown of a pool. See [`Pool::shutdown`](crate::Pool::shutdown).
///
/// Like every future it is lazy: nothing happens before [`wait`](Self::wait) or the
/// first poll.
///
/// # Cancel safety
///
/// Dropping it before the first poll does nothing. After the first poll the shutdown
/// goes on without it, and only the report is lost.
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
    core: Arc<Core>,
    grace: Duration,
    stage: Stage,
}

enum Stage {
    Lazy,
    /// Begun, without a thread that could wait for the end.
    Begun(Ending),
    OnThread(OnThread<Shutdown>),
    Over,
}

impl PoolShutdown {
    pub(crate) fn new(core: Arc<Core>, grace: Duration) -> Self {
        Self {
            core,
            grace,
            stage: Stage::Lazy,
        }
    }

    /// Shuts the pool down and blocks this thread until that is over.
    ///
    /// A thread of a pool gives its permit back meanwhile, so that what is queued
    /// can run.
    ///
    /// # Panics
    ///
    /// If it has been polled.
    pub fn wait(mut self) -> Shutdown {
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Lazy => finish(&self.core, &self.core.begin_end(self.grace)),
            Stage::Begun(ending) => finish(&self.core, &ending),
            Stage::OnThread(_) | Stage::Over => {
                panic!("a shutdown that has been polled is to be awaited, not waited for")
            }
        }
    }

    /// Waits for the end on a thread of its own, because the one that polls must not
    /// block. `Err` if the system has no thread for that now.
    fn start(&self, ending: Ending) -> Result<OnThread<Shutdown>, Ending> {
        // The closure is lost if the thread can't be started, so it takes a copy.
        let (core, copy) = (Arc::clone(&self.core), ending.clone());
        OnThread::start("bridge-shutdown", move || finish(&core, &copy)).map_err(|_error| ending)
    }
}

/// Waits for the end of the pool in two steps, and tells everybody.
fn finish(core: &Arc<Core>, ending: &Ending) -> Shutdown {
    let mut drained = waiting::wait_for_end(core, |here| core.drain(ending, here));
    // Not in the wait: this runs wakers and destructors, which may wait in turn.
    drained.tell_abandoned(core);
    if drained.is_anybody_told_to_stop() {
        let until = Instant::now().checked_add(ending.cancel_grace);
        waiting::wait_for_end(core, |_here| core.wait_for_told(&drained, until));
    }
    drained.finish(core)
}

impl Future for PoolShutdown {
    type Output = Shutdown;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Shutdown> {
        let this = &mut *self;
        let ending = match mem::replace(&mut this.stage, Stage::Over) {
            Stage::Lazy => this.core.begin_end(this.grace),
            Stage::Begun(ending) => ending,
            Stage::OnThread(mut thread) => {
                let poll = Pin::new(&mut thread).poll(cx);
                if poll.is_pending() {
                    this.stage = Stage::OnThread(thread);
                }
                return poll;
            }
            Stage::Over => panic!("a shutdown was polled after it had ended"),
        };
        match this.start(ending) {
            Ok(mut thread) => {
                let poll = Pin::new(&mut thread).poll(cx);
                if poll.is_pending() {
                    this.stage = Stage::OnThread(thread);
                }
                poll
            }
            // Nothing is left to wait for, so this does not block.
            Err(mut ending) if ending.is_over(&this.core) => {
                ending.cancel_grace = Duration::ZERO;
                Poll::Ready(finish(&this.core, &ending))
            }
            // The jobs end without anybody who waits for them. A thread is asked
            // for again at the next poll.
            Err(ending) => {
                this.stage = Stage::Begun(ending);
                thread::yield_now();
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
