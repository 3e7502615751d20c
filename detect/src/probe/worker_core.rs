//! Whether a worker has its core: the right to run its runtime's tasks.
//!
//! A worker is without its core inside `block_in_place`. If another thread has taken the
//! core meanwhile, the worker stays without it to the end of the same poll. The worker of
//! a current-thread runtime always has its core.
//!
//! The experiment polls a `yield_now`. A worker that has its core keeps the waker for
//! later. A worker without its core calls the waker at once.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

use tokio::task;

/// Returns whether the worker that polls here has its core.
///
/// The answer means something on a worker only
/// ([`Place::Worker`](crate::Place::Worker)).
#[must_use]
pub fn has_core() -> bool {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let _pending = pin!(task::yield_now()).poll(&mut Context::from_waker(&waker));
    !woken.0.load(Ordering::Relaxed)
}

/// A waker that shows whether it was called.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
