//! PLACEHOLDER: async to sync.
use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

/// The future of an offloaded closure.
#[must_use]
pub struct Offload<T> {
    start: Option<Box<dyn FnOnce() -> T + Send>>,
    shared: Arc<Mutex<(Option<std::thread::Result<T>>, Option<Waker>)>>,
}

impl<T> std::fmt::Debug for Offload<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Offload")
    }
}

impl<T: Send + 'static> Offload<T> {
    pub(crate) fn new(f: impl FnOnce() -> T + Send + 'static) -> Self {
        Self { start: Some(Box::new(f)), shared: Arc::default() }
    }
}

impl<T: Send + 'static> Future for Offload<T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut shared = self.shared.lock().unwrap();
        shared.1 = Some(cx.waker().clone());
        match shared.0.take() {
            Some(Ok(value)) => return Poll::Ready(value),
            Some(Err(panic)) => {
                drop(shared);
                std::panic::resume_unwind(panic)
            }
            None => drop(shared),
        }
        if let Some(f) = self.start.take() {
            let shared = self.shared.clone();
            std::thread::spawn(move || {
                let _mark = detect::Mark::Job.set();
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
                let mut shared = shared.lock().unwrap();
                shared.0 = Some(result);
                if let Some(waker) = shared.1.take() {
                    waker.wake();
                }
            });
        }
        Poll::Pending
    }
}

/// Runs a blocking closure off this thread.
#[track_caller]
pub fn offload<F, T>(f: F) -> Offload<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    crate::Bridge::global().offload(f)
}
