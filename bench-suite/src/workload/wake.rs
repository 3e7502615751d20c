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

/// A thread that wakes whatever asks it to, as soon as it can: it spins, so
/// that what is measured is how the waiter wakes up, not how this thread does.
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
            // A panic in there has been printed; a second one here would abort.
            let _ = thread.join();
        }
    }
}

impl Alarm {
    /// A future that is pending once, and woken by the alarm's thread.
    pub fn once(&self) -> Once<'_> {
        Once {
            shared: &self.shared,
            asked: false,
        }
    }
}

/// The future of [`Alarm::once`]; its output says how often it was polled.
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
            // The waker is gone only when it has been used.
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
