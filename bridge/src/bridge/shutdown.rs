//! The shutdown of a bridge as a call: `.wait()` in sync code, `.await` in async code.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use offload_pool::{PoolShutdown, Shutdown, on_thread::OnThread};

use crate::Bridge;

/// The shutdown of a bridge. See [`Bridge::shutdown`].
///
/// Like every future it is lazy: nothing happens before [`wait`](Self::wait) or the
/// first poll.
///
/// # Cancel safety
///
/// A drop before the first poll does nothing. If it is dropped after the first poll, the
/// pool ends all the same, and the report is lost. [`PoolShutdown`](crate::offload::PoolShutdown)
/// names an exception. The home runtime begins to end at the first poll after the pool has
/// ended. If this is dropped before that poll, it does not end the home runtime.
///
/// # Corner cases
///
/// Of two shutdowns of the same bridge, the home runtime belongs to the first that comes to
/// it. The second does not wait for home's blocking tasks, so it may return earlier.
///
/// Under Tokio's paused clock, a time limit around this passes at once. With the feature
/// `test-util`, the clock stands still from the first poll until the bridge has ended, so the limit
/// does not pass: see [`offload`](crate::offload()).
///
/// # Examples
///
/// A server that has answered its last request:
///
/// ```
/// use std::time::Duration;
///
/// use bridge::Bridge;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), bridge::BuildError> {
/// let bridge = Bridge::builder().max_threads(4).build()?;
/// assert_eq!(bridge.offload(|| 7).await, 7);
/// let report = bridge.shutdown(Duration::from_secs(10)).await;
/// for job in &report.running {
///     eprintln!("cut off: {job}");
/// }
/// # assert!(report.running.is_empty());
/// # Ok(())
/// # }
/// ```
#[must_use = "a shutdown does nothing unless it is awaited, or waited for with `wait`"]
pub struct BridgeShutdown {
    bridge: Bridge,
    grace: Duration,
    /// The time of the first poll.
    began: Option<Instant>,
    ending: EndingPart,
}

/// The part of the bridge that is ending.
enum EndingPart {
    Pool(PoolShutdown),
    /// The home runtime, and the report of the pool.
    Home(OnThread<()>, Shutdown),
    Over,
}

impl BridgeShutdown {
    pub(crate) fn new(bridge: Bridge, pool: PoolShutdown, grace: Duration) -> Self {
        Self {
            bridge,
            grace,
            began: None,
            ending: EndingPart::Pool(pool),
        }
    }

    /// Shuts the bridge down and blocks this thread until that is over.
    ///
    /// Unlike the `wait` of a smart call it does not look at the thread. In a task it blocks
    /// the worker, so `.await` the shutdown there.
    ///
    /// # Panics
    ///
    /// Panics if this future has been polled. But if the system had no thread to give at that
    /// poll, this call continues the shutdown.
    #[track_caller]
    pub fn wait(mut self) -> Shutdown {
        let began = *self.began.get_or_insert_with(Instant::now);
        match mem::replace(&mut self.ending, EndingPart::Over) {
            EndingPart::Pool(pool) => {
                // This panics if the pool's part has been polled.
                let report = pool.wait();
                self.bridge.end_home(self.left(began));
                report
            }
            _ => panic!("a shutdown that has been polled must be awaited, not waited for"),
        }
    }

    /// Returns the rest of the grace.
    fn left(&self, began: Instant) -> Duration {
        self.grace.saturating_sub(began.elapsed())
    }
}

impl Future for BridgeShutdown {
    type Output = Shutdown;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Shutdown> {
        let this = &mut *self;
        let began = *this.began.get_or_insert_with(Instant::now);
        if let EndingPart::Pool(pool) = &mut this.ending {
            let Poll::Ready(report) = Pin::new(pool).poll(cx) else {
                return Poll::Pending;
            };
            let Some(home) = this.bridge.end_home_in_poll(this.left(began)) else {
                this.ending = EndingPart::Over;
                return Poll::Ready(report);
            };
            this.ending = EndingPart::Home(home, report);
        }
        let EndingPart::Home(home, report) = &mut this.ending else {
            panic!("a shutdown was polled after it had ended")
        };
        let Poll::Ready(()) = Pin::new(home).poll(cx) else {
            return Poll::Pending;
        };
        let report = mem::take(report);
        this.ending = EndingPart::Over;
        Poll::Ready(report)
    }
}

impl fmt::Debug for BridgeShutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeShutdown")
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
