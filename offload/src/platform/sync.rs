//! The atomics, locks, thread-locals, threads and the clock of every protocol that a model
//! explores. Code on which no protocol depends uses the standard library instead: the exit
//! of the process, forks, the load of the machine, the list of outside waits.
//!
//! Under `--cfg bridge_loom` they are loom's: `tests/loom.rs` explores every order of
//! steps of the small protocols. Under `--cfg bridge_shuttle` they are shuttle's, with a
//! clock that is part of the model: `tests/shuttle` tries random orders of the whole
//! pool. `Arc` is always std's. Loom's can't hold a trait object, and no protocol here
//! depends on reference counts.

#[cfg(bridge_shuttle)]
pub mod clocked;
#[cfg(not(bridge_shuttle))]
mod plain;

use std::{ops::Deref, sync::PoisonError};

#[cfg(bridge_shuttle)]
pub(crate) use self::clocked::*;
#[cfg(not(bridge_shuttle))]
pub(crate) use self::plain::*;

/// Whether a model checker runs this code. In a model nothing may depend on the machine.
pub(crate) const MODEL: bool = cfg!(any(bridge_loom, bridge_shuttle));

/// A value on cache lines of its own. Threads write it all the time, and other threads read
/// its neighbours. It takes two lines, because processors fetch lines in pairs.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Returns the value of a mutex that nobody shares, without locking it.
pub(crate) fn unshared<T>(mutex: &mut Mutex<T>) -> &mut T {
    mutex.get_mut().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the number of this thread. No other thread has it.
///
/// It works while the thread-locals of the thread are destroyed, because this thread-local
/// has no destructor.
pub(crate) fn thread_number() -> usize {
    self::thread_local! {
        static NUMBER: usize = next_number();
    }
    NUMBER.with(|number| *number)
}

/// Returns a number that is unique in this process, from 1 on. It always uses std's
/// atomics, because no protocol depends on the order of these numbers.
pub(crate) fn next_number() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
