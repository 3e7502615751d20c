//! Runs one blocking closure on a thread of its own, and is the future of its result.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::platform::sync::{Mutex, lock, start_thread};

/// The stack size of that thread, which is std's default.
const STACK_SIZE: usize = 2 * 1024 * 1024;

/// The result of a closure that runs on a thread of its own.
///
/// A shutdown uses it, and not a worker, because the workers end with their pool.
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
    /// Starts a thread that runs `body`, which must not panic. The thread ends with
    /// `body`, whether or not anybody polls for the result.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it has no thread. Then `body` is dropped.
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
        // To clone or drop a waker runs user code, so the lock is not held.
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
