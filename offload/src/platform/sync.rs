//! The only door to atomics, locks, thread-locals and threads.
//!
//! Under `--cfg bridge_loom` they are loom's, so that the tests in
//! `tests/loom.rs` explore the code that ships. `Arc` is std's in both worlds:
//! loom's can't hold a trait object, and no protocol here rests on counts.

#[cfg(not(bridge_loom))]
pub(crate) use std::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize},
    },
    thread_local,
};

#[cfg(bridge_loom)]
pub(crate) use loom::{
    hint::spin_loop,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize},
    },
    thread_local,
};

use std::{
    ops::Deref,
    sync::PoisonError,
    time::{Duration, Instant},
};

/// What one side writes all the time, on cache lines of its own: what lies beside
/// it is read by others. Two lines, for processors fetch them in pairs.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A number that nobody else in this process has, from 1 on. No protocol rests on its
/// order, so it is std's in both worlds.
pub(crate) fn next_number() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Locks, whether or not a panic once passed through: no user code runs under
/// any lock of this crate, so no state is ever left half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on a condition variable for at most `limit`; true if time ran out.
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

/// The time since `start`.
///
/// loom repeats a run step by step, so nothing in it may depend on the clock:
/// there, every time is a long time.
pub(crate) fn elapsed(start: Instant) -> Duration {
    if cfg!(bridge_loom) {
        Duration::from_secs(1)
    } else {
        start.elapsed()
    }
}

/// Starts a thread of the pool.
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

/// Starts a thread of the model; its name and stack are loom's affair.
#[cfg(bridge_loom)]
pub(crate) fn start_thread(
    _name: String,
    _stack_size: usize,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    loom::thread::spawn(body);
    Ok(())
}
