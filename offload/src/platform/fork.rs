//! Noticing that this process is a fork's child.
//!
//! A child has the parent's memory and none of its threads: a pool made before
//! the fork has nobody to run its jobs, and its locks may be held by threads
//! that are not there. So every entry asks [`generation`] first, a plain load,
//! and touches nothing of a pool from another generation.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

/// Forks between the first process that used this crate and this one.
static GENERATION: AtomicUsize = AtomicUsize::new(0);

/// What else a child does at once.
static IN_CHILD: OnceLock<fn()> = OnceLock::new();

/// Which process this is, among those that share a history.
#[must_use]
pub fn generation() -> usize {
    GENERATION.load(Ordering::Relaxed)
}

/// Has `note` run in each child, on its one thread, before `fork` returns there.
/// The first to ask is served; `note` may take no lock and allocate nothing.
pub fn in_child(note: fn()) {
    let _first = IN_CHILD.set(note);
}

/// Counts forks from now on. Called before there is anything to protect.
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
        // SAFETY: `in_child` is a function of the signature asked for, lives
        // as long as the program, and does one atomic addition, which is safe
        // in the child of a multi-threaded process, beside what `IN_CHILD`
        // holds, whose maker promises the same.
        let code = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        // It fails only for want of memory; then forks go unnoticed, as they
        // would without this module.
        debug_assert_eq!(code, 0, "pthread_atfork failed");
    });
}

/// Nothing to count where there is no fork.
#[cfg(not(all(unix, not(bridge_loom))))]
pub fn watch() {}
