//! Values that belong to one process, and not to the children that it forks.
//!
//! A fork's child has its parent's memory and none of its threads. So a pool that was made
//! before the fork has no worker, and threads that are gone may hold its locks. The pool
//! keeps each value that needs threads or locks in an [`OfProcess`]. The only access to it
//! answers [`Forked`] in a child, at the cost of a plain load. A [`PerProcess`] is a table
//! that each process has to itself, so a child begins with an empty one.

mod per_process;

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

pub use self::per_process::{PerProcess, SLOTS, is_beyond_tables};

/// The number of forks between the first process that used this crate and this one.
static GENERATION: AtomicUsize = AtomicUsize::new(0);

/// The function that each child runs before `fork` returns there.
static IN_CHILD: OnceLock<fn()> = OnceLock::new();

/// The error of a child that asks for a value of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forked;

/// A value that only the process which made it may use.
#[derive(Clone, Debug)]
pub struct OfProcess<T> {
    generation: usize,
    value: T,
}

impl<T> OfProcess<T> {
    /// Makes a value of this process.
    pub fn new(value: T) -> Self {
        let generation = generation();
        Self { generation, value }
    }

    /// Makes a value that no process may use.
    pub fn of_nobody(value: T) -> Self {
        let generation = usize::MAX;
        Self { generation, value }
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// Returns [`Forked`] in a process other than the one that made the value.
    #[inline]
    pub fn get(&self) -> Result<&T, Forked> {
        if self.generation == generation() {
            Ok(&self.value)
        } else {
            Err(Forked)
        }
    }

    /// Returns the value, to change it.
    ///
    /// # Errors
    ///
    /// This returns the same error as [`get`](Self::get).
    #[inline]
    pub fn get_mut(&mut self) -> Result<&mut T, Forked> {
        if self.generation == generation() {
            Ok(&mut self.value)
        } else {
            Err(Forked)
        }
    }
}

/// Returns the number of forks between the first process and this one. The first process
/// has the number 0, and each child has one more than its parent.
#[must_use]
#[inline]
pub fn generation() -> usize {
    GENERATION.load(Ordering::Relaxed)
}

/// Sets the function that each child runs before `fork` returns there, on its one thread.
/// Only the first call counts. The function must not take a lock or allocate. It may be the first
/// to use a thread-local, for which the C library may allocate.
pub fn in_child(note: fn()) {
    let _first = IN_CHILD.set(note);
}

/// Counts forks from now on. Callers call this before they make their first value that
/// belongs to a process.
#[cfg(all(unix, not(bridge_loom)))]
pub fn watch() {
    use std::sync::Once;

    use super::INTERPRETED;

    extern "C" fn handler() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        if let Some(note) = IN_CHILD.get() {
            note();
        }
    }

    static ONCE: Once = Once::new();
    if INTERPRETED {
        return;
    }
    ONCE.call_once(|| {
        // SAFETY: `handler` has the required signature and lives as long as the program.
        // It does one atomic addition, which is safe in the child of a multi-threaded
        // process. It also calls the function in `IN_CHILD`, which by its contract takes
        // no lock, and allocates only what the C library needs for a thread-local. The
        // C library has made its allocator ready in the child before it calls handlers.
        let code = unsafe { libc::pthread_atfork(None, None, Some(handler)) };
        // This fails only if memory is short. Then forks go unnoticed, as they would
        // without this module.
        debug_assert_eq!(code, 0, "pthread_atfork failed");
    });
}

/// Counts nothing, because this system or model has no forks.
#[cfg(not(all(unix, not(bridge_loom))))]
pub fn watch() {}
