//! The runtimes that a fork has left without their threads.
//!
//! No runtime says in which process it was built. Tokio's functions that would find
//! out take locks, so they may not be called on a runtime whose threads stayed behind.
//! Two sources say which runtimes these are:
//!
//! * The runtime that is reachable on the thread that forks. This thread goes on in
//!   the child, with all its guards, so the fork handler notes the runtime.
//! * The runtimes that waits used before the fork, from the tables of [`end`] and
//!   [`hand_overs`].
//!
//! After [`SLOTS`] forks in a line nothing more is noted, and every runtime counts as left
//! behind.

use std::sync::OnceLock;

use offload_pool::fork::{self, SLOTS};
use tokio::runtime::{Handle, Id};

use super::{end, hand_overs};

/// The runtime that was reachable at each fork.
static REACHABLE: [OnceLock<Id>; SLOTS] = [const { OnceLock::new() }; SLOTS];

/// From now on, notes at each fork which runtime is left behind. Call it before a wait
/// can begin.
pub(crate) fn watch() {
    fork::watch();
    fork::in_child(|| {
        let noted = REACHABLE.get(fork::generation());
        if let (Some(noted), Ok(here)) = (noted, Handle::try_current()) {
            let _first = noted.set(here.id());
        }
    });
}

/// Returns whether the threads of this runtime are known to be in another process, or
/// must be taken to be.
#[inline]
pub(crate) fn is_left_behind(runtime: &Handle) -> bool {
    fork::generation() != 0 && was_before(runtime.id())
}

#[cold]
fn was_before(id: Id) -> bool {
    fork::is_beyond_tables()
        || REACHABLE.iter().any(|noted| noted.get() == Some(&id))
        || end::was_registered_before(id)
        || hand_overs::was_open_before(id)
}
