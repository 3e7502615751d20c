//! PLACEHOLDER: sync to async.
use std::{
    panic::Location,
    pin::pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use detect::{Mark, Place};

use crate::{Bridge, WaitError};

struct Unpark(Thread);
impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[track_caller]
pub(crate) fn run<F: Future>(
    _bridge: &Bridge,
    future: F,
    limit: Option<Duration>,
) -> Result<F::Output, WaitError> {
    static HOME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
    });
    let place = Place::current();
    if matches!(place, Place::Worker(0) | Place::Foreign) {
        return Err(WaitError::WouldFreeze {
            future: std::any::type_name::<F>(),
            at: Location::caller(),
        });
    }
    let deadline = limit.map(|limit| Instant::now() + limit);
    let _home = HOME.handle().enter();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        let mark = Mark::Wait.set();
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return Ok(value);
        }
        drop(mark);
        match deadline {
            None => thread::park(),
            Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                Some(left) => thread::park_timeout(left),
                None => return Err(WaitError::TimedOut),
            },
        }
    }
}

/// Waits for a future.
#[track_caller]
pub fn wait<F: Future>(future: F) -> F::Output {
    Bridge::global().wait(future)
}

/// Waits for a future, or says why it can't.
///
/// # Errors
///
/// See [`WaitError`].
#[track_caller]
pub fn try_wait<F: Future>(future: F) -> Result<F::Output, WaitError> {
    Bridge::global().try_wait(future)
}

/// `.wait()` on any future.
pub trait Wait: Future + Sized {
    /// Waits for this future.
    #[track_caller]
    fn wait(self) -> Self::Output {
        wait(self)
    }
}

impl<F: Future> Wait for F {}
