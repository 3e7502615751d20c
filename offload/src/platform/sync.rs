//! The only door to atomics, locks, thread-locals, threads and the clock.
//!
//! Under `--cfg bridge_loom` they are loom's: `tests/loom.rs` explores every order of
//! steps of the small protocols. Under `--cfg bridge_shuttle` they are shuttle's, with
//! a clock that is part of the model: `tests/shuttle` tries random orders of the whole
//! pool. `Arc` is std's in every world: loom's can't hold a trait object, and no
//! protocol here rests on counts.

#[cfg(bridge_shuttle)]
pub mod clocked;
#[cfg(not(bridge_shuttle))]
mod plain;

use std::ops::Deref;

#[cfg(bridge_shuttle)]
pub(crate) use self::clocked::*;
#[cfg(not(bridge_shuttle))]
pub(crate) use self::plain::*;

/// Whether a model checker runs this code. It must not depend on the machine then.
pub(crate) const MODEL: bool = cfg!(any(bridge_loom, bridge_shuttle));

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
/// order, so it is std's in every world.
pub(crate) fn next_number() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
