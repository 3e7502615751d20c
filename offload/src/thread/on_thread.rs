//! Runs one blocking closure on a thread of its own, and is the future of its result.

use std::{
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::platform::{
    fork::OfProcess,
    sync::{Mutex, lock, start_thread},
};

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
    /// `body`, whether or not anybody polls for the result. It drops `kept` after it has woken
    /// whoever polls.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it has no thread. Then `body` and `kept` are dropped.
    pub fn start(
        name: &str,
        kept: impl Send + 'static,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Self> {
        let slot = Arc::new(Mutex::new(Slot {
            result: None,
            waker: None,
        }));
        let other = Arc::clone(&slot);
        let run = move || {
            let process = OfProcess::new(());
            let result = body();
            if process.get().is_err() {
                mem::forget((result, kept)); // in a fork's child, nobody polls for it
                return;
            }
            let mut slot = lock(&other);
            slot.result = Some(result);
            let waker = slot.waker.take();
            drop(slot);
            if let Some(waker) = waker {
                waker.wake();
            }
            drop(kept);
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

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicBool, Ordering},
            mpsc,
        },
        task::Wake,
    };

    use testkit::within;

    use super::*;

    /// Polls the future within the wake, and sends the result.
    struct PollsAtOnce {
        future: Mutex<Option<OnThread<u8>>>,
        tell: mpsc::Sender<Poll<u8>>,
    }

    impl Wake for PollsAtOnce {
        fn wake(self: Arc<Self>) {
            let mut future = self.future.lock().unwrap().take().unwrap();
            let mut cx = Context::from_waker(Waker::noop());
            let poll = Pin::new(&mut future).poll(&mut cx);
            self.tell.send(poll).unwrap();
        }
    }

    /// Otherwise a paused clock runs away just before the task that awaits the thread goes on.
    #[test]
    fn what_is_kept_outlives_the_wake() {
        struct Kept(Arc<AtomicBool>);
        impl Drop for Kept {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        struct Tells(Arc<AtomicBool>, mpsc::Sender<bool>);
        impl Wake for Tells {
            fn wake(self: Arc<Self>) {
                self.1.send(self.0.load(Ordering::SeqCst)).unwrap();
            }
        }
        within(|| {
            let (end, ends) = mpsc::channel::<()>();
            let is_dropped = Arc::new(AtomicBool::new(false));
            let kept = Kept(Arc::clone(&is_dropped));
            let mut future = OnThread::start("test", kept, move || ends.recv().is_err()).unwrap();
            let (tell, told) = mpsc::channel();
            let waker = Waker::from(Arc::new(Tells(Arc::clone(&is_dropped), tell)));
            let mut cx = Context::from_waker(&waker);
            assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
            drop(end);
            assert_eq!(told.recv(), Ok(false));
            while !is_dropped.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
        });
    }

    /// Otherwise an executor that polls in the wake hangs.
    #[test]
    fn a_waker_may_poll_at_once() {
        within(|| {
            let (end, ends) = mpsc::channel();
            let (tell, told) = mpsc::channel();
            let future = OnThread::start("test", (), move || ends.recv().unwrap()).unwrap();
            let waker = Arc::new(PollsAtOnce {
                future: Mutex::new(Some(future)),
                tell,
            });
            let shared = Waker::from(Arc::clone(&waker));
            let mut slot = waker.future.lock().unwrap();
            let future = Pin::new(slot.as_mut().unwrap());
            assert!(future.poll(&mut Context::from_waker(&shared)).is_pending());
            drop(slot);
            end.send(7).unwrap();
            assert_eq!(told.recv(), Ok(Poll::Ready(7)));
        });
    }

    /// Otherwise a task hangs whose old waker owns what awaits the same result.
    #[test]
    fn an_old_waker_is_not_dropped_under_the_lock() {
        struct Looks(Arc<Mutex<Slot<u8>>>, mpsc::Sender<bool>);

        impl Wake for Looks {
            fn wake(self: Arc<Self>) {}
        }

        impl Drop for Looks {
            fn drop(&mut self) {
                self.1.send(self.0.try_lock().is_ok()).unwrap();
            }
        }

        within(|| {
            let (end, ends) = mpsc::channel::<()>();
            let body = move || u8::from(ends.recv().is_err());
            let mut future = OnThread::start("test", (), body).unwrap();
            let (tell, told) = mpsc::channel();
            let waker = Waker::from(Arc::new(Looks(Arc::clone(&future.slot), tell)));
            let mut cx = Context::from_waker(&waker);
            assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
            drop(waker);
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
            assert_eq!(told.recv(), Ok(true));
            drop(end);
        });
    }
}
