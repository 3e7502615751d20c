//! What an offloaded closure takes with it: the runtime that submitted it.

use std::{panic::Location, pin::Pin, time::Duration};

use detect::Mark;
use offload_pool::{Ambient, Timer};
use tokio::runtime::Handle;

use crate::Bridge;

/// Runs a closure inside the runtime that submitted it, as `spawn_blocking`
/// does, and marks its thread as one that may block.
#[derive(Debug)]
pub struct InRuntime {
    runtime: Option<Handle>,
}

impl Ambient for InRuntime {
    fn capture() -> Self {
        Self {
            runtime: Handle::try_current().ok(),
        }
    }

    fn enter<R>(self, closure: impl FnOnce() -> R) -> R {
        let _entered = self.runtime.as_ref().map(Handle::enter);
        let _mark = Mark::Job.set();
        closure()
    }

    fn stalled(waited: Duration, queued: usize) {
        tracing::warn!(
            ?waited,
            queued,
            "the head of an offload pool's queue waits while every thread is busy; offload less at \
             a time, or raise `max_threads`"
        );
    }
}

impl Timer for InRuntime {
    fn sleep(time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            // On the global home, whose clock is sure to run; the executor that
            // polls this may have none.
            let home = Bridge::global().home(Location::caller());
            let Ok(handle) = home else {
                return std::future::pending().await;
            };
            let sleep = {
                let _entered = handle.enter();
                tokio::time::sleep(time)
            };
            sleep.await;
        })
    }
}
