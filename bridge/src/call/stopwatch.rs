//! Warns if a smart `fn` froze a poll, in builds with debug assertions only.
//!
//! `.wait()` on a smart `fn` is a plain call, which does not check where it runs. If
//! async code calls it instead of `.await`, it freezes the executor silently. So a build
//! with debug assertions measures the time of each such call, and checks the context of
//! the few that took long. A wait inside the call may hand the worker over, which ends the
//! freeze. The setting of this crate's own build counts, because the compiler evaluates the
//! `cfg` here.

use std::{
    panic::Location,
    sync::{Mutex, TryLockError},
    thread,
    time::{Duration, Instant},
};

use detect::{Context, Place, probe::worker_core};
use offload_pool::fork;

use crate::{log, wait::hand_over};

/// A call in async code that takes longer than this has frozen its executor.
const LONG: Duration = Duration::from_millis(100);

/// Measures the time of a smart `fn` that runs in place, until this is dropped.
pub(super) struct Stopwatch {
    name: &'static str,
    at: &'static Location<'static>,
    start: Instant,
}

impl Stopwatch {
    /// Starts to measure a call of the function `name`. Its wait is at `at`.
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
            report(self, elapsed);
        }
    }
}

#[cold]
fn report(&Stopwatch { name, at, start }: &Stopwatch, elapsed: Duration) {
    // A panic of the subscriber during another panic would end the process. In a
    // fork's child, a thread that stayed in the parent may hold the subscriber's
    // lock.
    let is_safe = !thread::panicking() && fork::generation() == 0;
    if !is_safe || Context::current() != Context::Async {
        return;
    }
    let elapsed = until_hand_over(start).unwrap_or(elapsed);
    if elapsed > LONG && is_first(at) {
        log::outermost(|| {
            tracing::warn!(
                call = name,
                %at,
                ?elapsed,
                "`.wait()` on a smart `fn` froze the executor that runs on this thread; `.await` the \
                 call there"
            );
        });
    }
}

/// Returns for how long a call that began at `start` froze this worker, if a wait in the
/// call or before it has handed the worker's core over. Then the executor has gone on.
fn until_hand_over(start: Instant) -> Option<Duration> {
    let handed_over = hand_over::last()?;
    let is_handed_over = matches!(Place::current(), Place::Worker(_)) && !worker_core::has_core();
    is_handed_over.then(|| handed_over.saturating_duration_since(start))
}

/// Returns whether no call at this place was reported before.
///
/// This never blocks. If another thread holds the lock at this moment, this freeze is not
/// reported, and the next one at this place is.
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
