//! Logging that does not log itself.
//!
//! A subscriber may wait on a bridge that logs its waits, or call a function that is
//! logged. It may detach a closure that is lost, or wait so long that the wait warns. The
//! bridge does not log these, because that would never end.

use std::cell::Cell;

thread_local! {
    static LOGS: Cell<bool> = const { Cell::new(false) };
}

/// Runs `log`, unless a log of this thread has led here.
pub(crate) fn outermost(log: impl FnOnce()) {
    if !LOGS.replace(true) {
        let _until = Logs;
        log();
    }
}

/// Marks this thread as logging until it is dropped, by return or panic.
struct Logs;

impl Drop for Logs {
    fn drop(&mut self) {
        LOGS.set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::outermost;

    /// Otherwise a subscriber that panics once silences its thread for good.
    #[test]
    fn a_log_that_panics_is_over() {
        catch_unwind(|| outermost(|| panic!("on purpose"))).unwrap_err();
        let mut logged = 0;
        outermost(|| {
            logged += 1;
            outermost(|| panic!("this is not the outermost"));
        });
        assert_eq!(logged, 1);
    }
}
