//! The [`Ambient`] of an offloaded closure: the runtime that submitted it, and the context
//! that travels.

use std::{panic::Location, pin::Pin, time::Duration};

use detect::ThreadTag;
#[cfg(feature = "test-util")]
use offload_pool::KeptByShutdown;
use offload_pool::{Ambient, Config, CutOff, Metrics, OffloadError, PoolName, Report, Timer};
use tokio::runtime::Handle;

#[cfg(feature = "test-util")]
use crate::runtime::held_clock::Hold;
use crate::{carry::Captured, log, runtime::clock};

/// Runs a closure inside the runtime that submitted it, as `spawn_blocking`
/// does, and in the context of its submitter. Tags the thread as one that runs a job.
#[derive(Debug)]
pub struct InRuntime {
    runtime: Option<Handle>,
    /// Dropped after the job's caller was woken.
    #[cfg(feature = "test-util")]
    _hold: Option<Hold>,
}

impl Ambient for InRuntime {
    type Context = Captured;

    #[inline]
    fn context(config: &Config) -> Option<Captured> {
        Captured::here(config)
    }

    fn capture() -> Self {
        let runtime = Handle::try_current().ok();
        Self {
            #[cfg(feature = "test-util")]
            _hold: Hold::capture(runtime.as_ref()),
            runtime,
        }
    }

    fn enter<R>(&self, context: Option<&Captured>, closure: impl FnOnce() -> R) -> R {
        let _entered = self.runtime.as_ref().map(Handle::enter);
        let _tag = ThreadTag::Job.set();
        Captured::enter(context, closure)
    }

    fn stalled(report: &Report) {
        macro_rules! warn {
            ($text:literal) => {
                tracing::warn!(
                    pool = report.name().as_str(),
                    waited = ?report.stalled_for().unwrap_or_default(),
                    queued = report.metrics().queued,
                    %report,
                    $text
                )
            };
        }

        match Obstacle::of(report.metrics(), report.permits(), report.lacks_threads()) {
            Obstacle::Permits => warn!(
                "the head of an offload pool's queue waits while every thread is busy; if closures \
                 block for other closures, let them wait by `.wait()`; otherwise offload less at a \
                 time, or raise `max_threads`"
            ),
            Obstacle::HeldUpThread => warn!(
                "the head of an offload pool's queue waits, and an idle thread does not take it; a \
                 hook of `on_thread_start`, a waker or a destructor may block"
            ),
            Obstacle::ParkedThreads => warn!(
                "the head of an offload pool's queue waits while other threads are parked in waits \
                 that do not depend on it, as far as the pool can see; spawn the tasks in between \
                 with `bridge::spawn`, offload less at a time, or raise `max_blocked_threads`"
            ),
            Obstacle::NoThread => warn!(
                "the head of an offload pool's queue waits, and no further thread can be started; \
                 the system may limit the threads or the memory of this process"
            ),
        }
    }

    fn lost(pool: &PoolName, at: &'static Location<'static>, why: &OffloadError) {
        // A subscriber may detach closures of a pool that is shut down.
        log::outermost(|| {
            tracing::error!(pool = pool.as_str(), %at, %why, "a detached closure is lost");
        });
    }

    fn cut_off(left: &CutOff) {
        tracing::warn!(
            pool = left.pool.as_str(),
            %left,
            "the process exits before these offloaded closures have finished; allow them more time \
             with `exit_grace`, or shut the bridge down first"
        );
    }

    /// Holds a paused clock, because no job does so while a shutdown waits for the threads.
    #[cfg(feature = "test-util")]
    fn kept_by_shutdown() -> Option<KeptByShutdown> {
        let hold = Hold::capture(Handle::try_current().ok().as_ref())?;
        Some(Box::new(hold))
    }
}

/// The obstacle between the head of a queue and a thread, as far as the figures of the pool tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    /// All permits are taken.
    Permits,
    /// A thread counts as idle. It starts, or its job has ended, and other code holds it up.
    HeldUpThread,
    /// A permit is free, and the limit of parked threads keeps the pool from a further thread.
    ParkedThreads,
    /// A permit is free, and the system gives no thread: it has refused one, or no limit of the
    /// pool is reached.
    NoThread,
}

impl Obstacle {
    fn of(metrics: &Metrics, permits: usize, lacks_threads: bool) -> Self {
        if metrics.running >= permits {
            Self::Permits
        } else if metrics.idle > 0 {
            Self::HeldUpThread
        } else if lacks_threads || metrics.blocked == 0 {
            Self::NoThread
        } else {
            Self::ParkedThreads
        }
    }
}

impl Timer for InRuntime {
    fn sleep(time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // The executor that polls this may have no timers, and a bridge's home may
            // end. So the sleep uses the clock of the process. If that clock can't be
            // had, the limit counts as reached, and the caller learns that it ran out of
            // time. Otherwise the caller might wait for ever.
            if let Some(clock) = clock::running() {
                let sleep = {
                    let _entered = clock.enter();
                    tokio::time::sleep(time)
                };
                sleep.await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the warning advises what makes the stall worse.
    #[test]
    fn a_stall_has_one_cause_by_the_figures() {
        for (running, idle, blocked, lacks_threads, expected) in [
            (2, 0, 0, false, Obstacle::Permits),
            (3, 0, 5, false, Obstacle::Permits),
            (2, 1, 5, false, Obstacle::Permits),
            (2, 0, 5, true, Obstacle::Permits),
            (1, 1, 0, false, Obstacle::HeldUpThread),
            (1, 1, 5, false, Obstacle::HeldUpThread),
            (1, 1, 5, true, Obstacle::HeldUpThread),
            (0, 0, 5, false, Obstacle::ParkedThreads),
            (1, 0, 1, false, Obstacle::ParkedThreads),
            (1, 0, 1, true, Obstacle::NoThread),
            (0, 0, 5, true, Obstacle::NoThread),
            (1, 0, 0, false, Obstacle::NoThread),
            (0, 0, 0, true, Obstacle::NoThread),
        ] {
            let mut metrics = Metrics::default();
            (metrics.running, metrics.idle, metrics.blocked) = (running, idle, blocked);
            let obstacle = Obstacle::of(&metrics, 2, lacks_threads);
            assert_eq!(obstacle, expected, "{metrics:?}, {lacks_threads}");
        }
    }
}
