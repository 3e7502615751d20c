//! Has this worker its core, the right to run its runtime's tasks?
//!
//! Tokio shows it in one way: a scheduler that has its core keeps the waker of a
//! `yield_now` for later; one that has not wakes it at once. A worker is without
//! its core inside `block_in_place`, and from there to the end of the same poll,
//! unless it was given back; a current-thread one never is.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

use tokio::task;

/// Asked on a worker only.
pub(super) fn has_core() -> bool {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    let _pending = pin!(task::yield_now()).poll(&mut Context::from_waker(&waker));
    !woken.0.load(Ordering::Relaxed)
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
