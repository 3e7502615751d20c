//! The warning of a smart `fn` that froze a poll: in builds with debug
//! assertions only.
//!
//! `.wait()` on a smart `fn` is a plain call that looks at nothing. In async
//! code it is a mistake for `.await`, and freezes the executor silently. So a
//! build with debug assertions takes the time of each such call, and looks at the
//! context of the few that took long. The `cfg` is this crate's own, because the
//! compiler evaluates it here: a dependent's setting has no effect.

use std::{
    panic::Location,
    sync::{Mutex, TryLockError},
    thread,
    time::{Duration, Instant},
};

use detect::Context;
use offload_pool::fork;

use crate::log;

/// A poll that lasts for longer counts as frozen.
const LONG: Duration = Duration::from_millis(100);

/// Times a call of a smart `fn` in place, until it is dropped.
pub(super) struct Stopwatch {
    name: &'static str,
    at: &'static Location<'static>,
    start: Instant,
}

impl Stopwatch {
    /// Starts now. The call is one of the function `name`, and its wait is at `at`.
    pub(super) fn start(name: &'static str, at: &'static Location<'static>) -> Self {
        fork::watch();
        Self {
            name,
            at,
            start: Instant::now(),
        }
    }
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        let elapsed = self.start.elapsed();
        if elapsed > LONG {
            report(self.name, self.at, elapsed);
        }
    }
}

#[cold]
fn report(name: &'static str, at: &'static Location<'static>, elapsed: Duration) {
    // A panic of the subscriber during another panic would end the process. In a
    // fork's child, a thread that stayed in the parent may hold the subscriber's
    // lock.
    let is_safe = !thread::panicking() && fork::generation() == 0;
    if is_safe && Context::current() == Context::Async && is_first(at) {
        log::outermost(|| {
            tracing::warn!(
                call = name,
                %at,
                ?elapsed,
                "`.wait()` on a smart `fn` froze the executor that polls this thread; `.await` the \
                 call there"
            );
        });
    }
}

/// Whether no call at this place was reported before.
///
/// It never blocks: if another thread is in here at this very moment, this
/// freeze goes unreported and the place's next one is reported.
fn is_first(at: &'static Location<'static>) -> bool {
    static REPORTED: Mutex<Vec<&'static Location<'static>>> = Mutex::new(Vec::new());
    let mut reported = match REPORTED.try_lock() {
        Ok(reported) => reported,
        Err(TryLockError::Poisoned(reported)) => reported.into_inner(),
        Err(TryLockError::WouldBlock) => return false,
    };
    let is_first = !reported.contains(&at);
    if is_first {
        reported.push(at);
    }
    is_first
}
