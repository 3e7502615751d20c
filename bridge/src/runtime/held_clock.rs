//! Holds a paused clock while offloaded closures are queued or run, and while a bridge that is
//! shut down ends. This is the feature `test-util`.
//!
//! Tokio advances a paused clock as soon as the runtime has nothing to do, except while
//! one of the runtime's blocking tasks is queued or runs. It knows nothing of a pool's
//! jobs and threads. So each runtime that has a paused clock and awaits some of these gets one
//! blocking task, which stands in for them. The task ends when the last of them has ended
//! and its caller has been woken.

use std::{
    collections::HashMap,
    hint,
    sync::mpsc::{Sender, channel},
};

use offload_pool::fork::{OfProcess, PerProcess};
use tokio::{
    runtime::{Handle, Id, RuntimeFlavor},
    time,
};

use super::forked;

static HELD: PerProcess<HashMap<Id, Held>> = PerProcess::new();

/// A clock that is held.
struct Held {
    /// The number of jobs and shutdowns that hold the clock.
    holds: usize,
    /// The blocking task ends when this is dropped.
    _until: Sender<()>,
}

/// Holds the clock of a runtime until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    runtime: OfProcess<Id>,
}

impl Hold {
    /// Holds the clock of the runtime that is reachable here, if it is paused.
    pub(crate) fn capture(runtime: Option<&Handle>) -> Option<Self> {
        let runtime = runtime?;
        // Tokio pauses the clock of no other flavour.
        if runtime.runtime_flavor() != RuntimeFlavor::CurrentThread {
            return None;
        }
        // A fork has left the threads of this runtime behind, and perhaps a lock that one of
        // them held.
        if forked::is_left_behind(runtime) || !is_paused() {
            return None;
        }
        let id = runtime.id();
        let end = HELD.with(|held| {
            if let Some(held) = held.get_mut(&id) {
                held.holds += 1;
                return None;
            }
            let (until, end) = channel::<()>();
            let first = Held {
                holds: 1,
                _until: until,
            };
            held.insert(id, first);
            Some(end)
        });
        let hold = Self {
            runtime: OfProcess::new(id),
        };
        if let Some(end) = end {
            runtime.spawn_blocking(move || end.recv());
        }
        Some(hold)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // A fork's child does not hold the clocks of its parent.
        let Ok(runtime) = self.runtime.get() else {
            return;
        };
        HELD.with(|held| {
            if let Some(clock) = held.get_mut(runtime) {
                clock.holds -= 1;
                if clock.holds == 0 {
                    held.remove(runtime);
                }
            }
        });
    }
}

/// Returns whether the clock of the runtime that is reachable here stands still.
fn is_paused() -> bool {
    let before = time::Instant::now();
    let real = std::time::Instant::now();
    while real.elapsed().is_zero() {
        hint::spin_loop();
    }
    time::Instant::now() == before
}
