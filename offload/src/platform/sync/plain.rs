//! The primitives of std, or loom's under `--cfg bridge_loom`.

#[cfg(not(bridge_loom))]
pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize},
    },
    thread_local,
};

#[cfg(bridge_loom)]
pub(crate) use loom::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize},
    },
    thread_local,
};

pub(crate) use std::thread::{sleep, yield_now};

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

/// Locks a mutex, whether or not a thread panicked while it held it. No user code runs
/// under a lock of this crate, so a panic never leaves a state half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on a condition variable for at most `limit`. Returns true if time ran out.
///
/// loom's clock never advances, so there this waits for the notification.
pub(crate) fn wait_for<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    limit: Option<Duration>,
) -> (MutexGuard<'a, T>, bool) {
    match limit {
        Some(limit) if cfg!(not(bridge_loom)) => {
            let (guard, result) = condvar
                .wait_timeout(guard, limit)
                .unwrap_or_else(PoisonError::into_inner);
            (guard, result.timed_out())
        }
        _ => (
            condvar.wait(guard).unwrap_or_else(PoisonError::into_inner),
            false,
        ),
    }
}

/// Returns the time by the clock.
#[inline]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A clock that is cheap to read, and whose readings need a conversion. It serves only
/// `Builder::timings`, and the pool decides nothing by it.
#[derive(Clone)]
pub(crate) struct FineClock(quanta::Clock);

impl FineClock {
    pub(crate) fn new() -> Self {
        Self(quanta::Clock::new())
    }

    /// Reads the clock.
    ///
    /// Loom repeats a run step by step, so under loom this clock stands still.
    #[inline]
    pub(crate) fn read(&self) -> u64 {
        if cfg!(bridge_loom) { 0 } else { self.0.raw() }
    }

    /// Returns the nanoseconds from one reading to a later one.
    #[inline]
    pub(crate) fn nanos(&self, from: u64, to: u64) -> u64 {
        self.0.delta_as_nanos(from, to)
    }
}

/// Returns the time since `start`.
///
/// Loom repeats a run step by step, so no run may depend on the clock. Under loom this is
/// always a second, which no limit of the pool exceeds.
pub(crate) fn elapsed(start: Instant) -> Duration {
    if cfg!(bridge_loom) {
        Duration::from_secs(1)
    } else {
        start.elapsed()
    }
}

/// Starts a thread with this name and stack size.
#[cfg(not(bridge_loom))]
pub(crate) fn start_thread(
    name: String,
    stack_size: usize,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name(name)
        .stack_size(stack_size)
        .spawn(body)
        .map(drop)
}

/// Starts a thread of the model. Loom ignores its name and its stack size.
#[cfg(bridge_loom)]
pub(crate) fn start_thread(
    _name: String,
    _stack_size: usize,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    loom::thread::spawn(body);
    Ok(())
}
