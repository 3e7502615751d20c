//! Whether a poll has left a waker with a scheduler that does not run.
//!
//! `yield_now` leaves its waker with the scheduler that polls on this thread. The
//! scheduler calls the waker after the poll. While the poll is frozen, it does not.
//!
//! Tokio's scheduler keeps these wakers in a list and adds none that equals the last
//! one. The experiment puts a marker last before the poll and offers it again
//! afterwards. If the list takes the marker a second time, the poll has added a waker.
//! The marker's reference count shows whether the list took it, because nobody else
//! holds a reference. Other executors wake a `yield_now` at once and add nothing.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Wake, Waker},
};

use tokio::task::yield_now;

/// Notices wakers that polls leave with the scheduler of this thread.
#[derive(Debug)]
pub struct DeferredWakes {
    marker: Arc<Marker>,
    waker: Waker,
}

/// A waker that wakes nobody.
#[derive(Debug)]
struct Marker;

impl Wake for Marker {
    fn wake(self: Arc<Self>) {}
}

impl DeferredWakes {
    /// Makes a probe whose marker is not in the list yet.
    #[must_use]
    pub fn new() -> Self {
        let marker = Arc::new(Marker);
        Self {
            waker: Waker::from(Arc::clone(&marker)),
            marker,
        }
    }

    /// Puts the marker last in the scheduler's list. Returns whether it was not last.
    ///
    /// Call it before a poll and after it. The second call returns whether the poll
    /// has left a waker.
    #[expect(
        clippy::must_use_candidate,
        reason = "before a poll only the effect matters"
    )]
    pub fn mark(&self) -> bool {
        let before = Arc::strong_count(&self.marker);
        let _pending = pin!(yield_now()).poll(&mut Context::from_waker(&self.waker));
        Arc::strong_count(&self.marker) != before
    }
}

impl Default for DeferredWakes {
    fn default() -> Self {
        Self::new()
    }
}
