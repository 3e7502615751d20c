//! A clock that outlives every bridge: one thread, started at the first limit
//! that needs it, which sleeps until the next one is due.

use std::{future::pending, thread};

use tokio::runtime::{Builder, Handle};

use crate::runtime::{forked, per_process::PerProcess};

/// A fork's child starts its own.
static CLOCK: PerProcess<Option<Handle>> = PerProcess::new();

/// The runtime whose timers run; `None` if the system has no thread for it.
pub(crate) fn running() -> Option<Handle> {
    if forked::is_beyond_notes() {
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
    let drive = move || runtime.block_on(pending::<()>());
    let thread = thread::Builder::new().name("bridge-clock".into());
    thread.spawn(drive).ok().map(|_detached| handle)
}
