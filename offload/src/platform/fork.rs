//! Notices that this process is a fork's child.
//!
//! A child has its parent's memory and none of its threads. So a pool that was made
//! before the fork has no worker, and threads that are gone may hold its locks. Each
//! entry of the pool first reads [`generation`], with a plain load. It touches nothing of
//! a pool from another generation.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

/// The number of forks between the first process that used this crate and this one.
static GENERATION: AtomicUsize = AtomicUsize::new(0);

/// A function that a child runs at once.
static IN_CHILD: OnceLock<fn()> = OnceLock::new();

/// Returns the number of this process among those that share a history.
#[must_use]
pub fn generation() -> usize {
    GENERATION.load(Ordering::Relaxed)
}

/// Sets the function that each child runs before `fork` returns there, on its one thread.
/// Only the first call counts. The function must not take a lock or allocate.
pub fn in_child(note: fn()) {
    let _first = IN_CHILD.set(note);
}

/// Counts forks from now on. Callers call this before they have anything to protect.
#[cfg(all(unix, not(bridge_loom)))]
pub fn watch() {
    use std::sync::Once;

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        if let Some(note) = IN_CHILD.get() {
            note();
        }
    }

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `in_child` has the required signature and lives as long as the program.
        // It does one atomic addition, which is safe in the child of a multi-threaded
        // process. It also calls the function in `IN_CHILD`, which by its contract takes
        // no lock and allocates nothing.
        let code = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        // This fails only if memory is short. Then forks go unnoticed, as they would
        // without this module.
        debug_assert_eq!(code, 0, "pthread_atfork failed");
    });
}

/// Counts nothing: there are no forks.
#[cfg(not(all(unix, not(bridge_loom))))]
pub fn watch() {}
