//! Records which function ran on which thread. The table shows it as "route taken".

use std::{
    mem,
    sync::{Mutex, PoisonError},
    thread,
};

static TRAIL: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Notes that `function` runs on this thread.
pub fn mark(function: &str) {
    let thread = thread::current();
    let name = thread.name().unwrap_or("a nameless thread");
    let step = format!("{function} on {name}");
    TRAIL
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(step);
}

/// Returns the steps since the last call, in order.
pub fn take() -> String {
    mem::take(&mut *TRAIL.lock().unwrap_or_else(PoisonError::into_inner)).join("\n")
}
