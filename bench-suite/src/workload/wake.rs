//! A future that another thread wakes once.

use std::{
    hint::spin_loop,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
};

#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicBool,
    waker: Mutex<Option<Waker>>,
    over: AtomicBool,
}

/// A thread that wakes each waiter as soon as it can.
///
/// The thread spins. So the figure shows how the waiter wakes up, and not how this
/// thread does.
#[derive(Debug)]
pub struct Alarm {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Default for Alarm {
    fn default() -> Self {
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            while !theirs.over.load(Acquire) {
                if theirs.waiting.swap(false, Acquire) {
                    let waker = theirs
                        .waker
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take();
                    waker.into_iter().for_each(Waker::wake);
                } else {
                    spin_loop();
                }
            }
        });
        Self {
            shared,
            thread: Some(thread),
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.shared.over.store(true, Release);
        if let Some(thread) = self.thread.take() {
            // The thread's own panic has been printed. A second panic here would abort
            // the process.
            let _ = thread.join();
        }
    }
}

impl Alarm {
    /// Returns a future that is pending until the alarm's thread wakes it.
    pub fn once(&self) -> Once<'_> {
        Once {
            shared: &self.shared,
            asked: false,
        }
    }
}

/// The future of [`Alarm::once`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Once<'a> {
    shared: &'a Shared,
    asked: bool,
}

impl Future for Once<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.asked {
            // The alarm's thread has taken the waker if none is left.
            let waker = self
                .shared
                .waker
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            return if waker.is_none() {
                Poll::Ready(())
            } else {
                Poll::Pending
            };
        }
        self.asked = true;
        let mut waker = self
            .shared
            .waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *waker = Some(cx.waker().clone());
        drop(waker);
        self.shared.waiting.store(true, Release);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_woken_every_time() {
        let alarm = Alarm::default();
        for _ in 0..100 {
            pollster::block_on(alarm.once());
            bridge::wait(alarm.once());
        }
    }
}
