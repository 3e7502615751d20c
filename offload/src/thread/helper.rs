//! Blocking work that a future waits for, on a thread of its own.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    thread,
};

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
            let mut slot = other.lock().unwrap_or_else(PoisonError::into_inner);
            slot.result = Some(result);
            let waker = slot.waker.take();
            drop(slot);
            if let Some(waker) = waker {
                waker.wake();
            }
        };
        thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self { slot })
    }
}

impl<T> Future for OnThread<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // A waker's clone and drop are the caller's code, so they happen without
        // the lock.
        let waker = cx.waker().clone();
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = slot.result.take() {
            return Poll::Ready(result);
        }
        let before = slot.waker.replace(waker);
        drop(slot);
        drop(before);
        Poll::Pending
    }
}
