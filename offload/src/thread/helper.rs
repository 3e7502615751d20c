//! Blocking work that a future waits for, on a thread of its own.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::platform::sync::{Mutex, lock, start_thread};

/// The stack of such a thread: std's default.
const STACK_SIZE: usize = 2 * 1024 * 1024;

/// The result of a closure that runs on a thread of its own.
///
/// A pool can't run what ends the pool, so a shutdown uses this.
#[derive(Debug)]
pub struct OnThread<T> {
    slot: Arc<Mutex<Slot<T>>>,
}

#[derive(Debug)]
struct Slot<T> {
    result: Option<T>,
    waker: Option<Waker>,
}

impl<T: Send + 'static> OnThread<T> {
    /// Starts a thread for `body`, which must not panic. The thread ends with `body`,
    /// whether or not anybody polls for the result.
    ///
    /// # Errors
    ///
    /// The system's, if it has no thread. Then `body` is dropped.
    pub fn start(name: &str, body: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let slot = Arc::new(Mutex::new(Slot {
            result: None,
            waker: None,
        }));
        let other = Arc::clone(&slot);
        let run = move || {
            let result = body();
            let mut slot = lock(&other);
            slot.result = Some(result);
            let waker = slot.waker.take();
            drop(slot);
            if let Some(waker) = waker {
                waker.wake();
            }
        };
        start_thread(name.to_owned(), STACK_SIZE, run)?;
        Ok(Self { slot })
    }
}

impl<T> Future for OnThread<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // A waker's clone and drop are the caller's code, so they happen without
        // the lock.
        let waker = cx.waker().clone();
        let mut slot = lock(&self.slot);
        if let Some(result) = slot.result.take() {
            return Poll::Ready(result);
        }
        let before = slot.waker.replace(waker);
        drop(slot);
        drop(before);
        Poll::Pending
    }
}
