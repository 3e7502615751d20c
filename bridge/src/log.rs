//! What a bridge logs, and not of its own log.
//!
//! A subscriber may itself wait, on a bridge that logs its waits, or call a
//! function that is logged. What it does so is not logged in turn: there would
//! be no end to it.

use std::cell::Cell;

thread_local! {
    static LOGS: Cell<bool> = const { Cell::new(false) };
}

/// Runs `log`, unless it is this thread's log that leads here.
pub(crate) fn outermost(log: impl FnOnce()) {
    if !LOGS.replace(true) {
        let _until = Logs;
        log();
    }
}

/// Until it is dropped, by return or panic, this thread logs.
struct Logs;

impl Drop for Logs {
    fn drop(&mut self) {
        LOGS.set(false);
    }
}
