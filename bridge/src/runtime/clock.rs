//! A clock that outlives every bridge: a thread that drives the timers of time limits.
//!
//! The first limit that needs the thread starts it. It sleeps until the next limit is
//! reached.

use std::{future::pending, sync::Arc, thread};

use offload_pool::fork::{self, PerProcess};
use tokio::runtime::{Builder, Handle};

/// A fork's child has an entry of its own, and starts its own thread.
static CLOCK: PerProcess<Option<Handle>> = PerProcess::new();

/// Returns a runtime whose timers run. Returns `None` if the system has no thread for it,
/// or if this process descends from too many forks.
pub(crate) fn running() -> Option<Handle> {
    if fork::is_beyond_tables() {
        return None;
    }
    CLOCK.with(|clock| {
        if clock.is_none() {
            *clock = start();
        }
        clock.clone()
    })
}

fn start() -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_time().build().ok()?;
    let handle = runtime.handle().clone();
    // If the system has no thread, the closure is dropped here. That may be in a poll, where
    // Tokio panics if a runtime is dropped. So the closure does not own the runtime alone.
    let runtime = Arc::new(runtime);
    let driven = Arc::clone(&runtime);
    let drive = move || driven.block_on(pending::<()>());
    let thread = thread::Builder::new().name("bridge-clock".into());
    if thread.spawn(drive).is_ok() {
        return Some(handle);
    }
    if let Some(runtime) = Arc::into_inner(runtime) {
        runtime.shutdown_background();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise each limit would start a thread, which never ends.
    #[test]
    fn all_limits_share_one_thread() {
        let first = running().unwrap();
        assert_eq!(running().unwrap().id(), first.id());
    }
}
