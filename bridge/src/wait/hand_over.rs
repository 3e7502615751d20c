//! Freeing a worker of its other tasks before it parks.
//!
//! `block_in_place` gives the worker's core to a thread of the runtime's
//! blocking pool. Tokio's pool has a limit past which it queues, and a core in
//! a queue is a hang; so the hand-overs are counted, and refused before that.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::task::block_in_place;

use crate::WaitError;

/// The open hand-overs of one bridge.
pub(crate) struct HandOvers {
    open: AtomicUsize,
    limit: usize,
}

/// One open hand-over.
struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl HandOvers {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            open: AtomicUsize::new(0),
            limit,
        }
    }

    /// Runs `body` with the worker's other tasks handed over; `None` if this
    /// is no worker that can.
    pub(crate) fn hand_over<T>(
        &self,
        body: impl FnOnce() -> Result<T, WaitError>,
    ) -> Option<Result<T, WaitError>> {
        let _open = match self.open() {
            Ok(open) => open,
            Err(error) => return Some(Err(error)),
        };
        let mut handed_over = false;
        // On a current-thread worker under a multi-thread guard Tokio panics,
        // and does so before it runs the closure. No probe tells beforehand.
        let result = catch_unwind(AssertUnwindSafe(|| {
            block_in_place(|| {
                handed_over = true;
                body()
            })
        }));
        match result {
            Ok(result) => Some(result),
            Err(payload) if handed_over => resume_unwind(payload),
            Err(_refused) => None,
        }
    }

    fn open(&self) -> Result<Open<'_>, WaitError> {
        let open = Open(&self.open);
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.limit {
            return Err(WaitError::TooDeep { limit: self.limit });
        }
        Ok(open)
    }
}
