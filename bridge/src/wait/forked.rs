//! Which runtimes a fork has left without their threads.
//!
//! No runtime says in which process it was built, and none of Tokio's functions
//! that would find out may be called on one whose threads stayed behind: they
//! take locks. So it is noted at the fork which runtime is reachable on the
//! thread that forks, for that one thread goes on in the child, guards and
//! all. Of others, those are known that a wait has used before the fork. Past
//! so many forks in a line nothing is noted, and every runtime counts as left.

use std::sync::OnceLock;

use offload_pool::fork;
use tokio::runtime::{Handle, Id};

use super::{hand_over, per_process::LINE, sentinel};

static REACHABLE: [OnceLock<Id>; LINE] = [const { OnceLock::new() }; LINE];

/// Notes forks from now on.
pub(crate) fn watch() {
    fork::watch();
    fork::in_child(|| {
        let noted = REACHABLE.get(fork::generation());
        if let (Some(noted), Ok(here)) = (noted, Handle::try_current()) {
            let _first = noted.set(here.id());
        }
    });
}

/// Whether this runtime's threads are known to be in another process.
#[inline]
pub(crate) fn is_noted(runtime: &Handle) -> bool {
    fork::generation() != 0 && was_before(runtime.id())
}

/// Whether this process descends from more forks than tables have slots for.
pub(crate) fn is_beyond_notes() -> bool {
    fork::generation() >= LINE
}

#[cold]
fn was_before(id: Id) -> bool {
    is_beyond_notes()
        || REACHABLE.iter().any(|noted| noted.get() == Some(&id))
        || sentinel::was_posted_before(id)
        || hand_over::was_open_before(id)
}
