//! A future that is polled with another waker each time.
//!
//! Only the waker of the last poll passes its wake-up on. A future that wakes an
//! older waker hangs.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::adapt::Pending;

/// The number of polls that follow without a wake-up of the future's own.
const AGAIN: u32 = 3;

pub(crate) struct Rewoken {
    future: Pending,
    last: Arc<Last>,
}

#[derive(Default)]
struct Last {
    poll: AtomicU32,
    outer: Mutex<Option<Waker>>,
}

struct OfPoll {
    poll: u32,
    last: Arc<Last>,
}

impl Wake for OfPoll {
    fn wake(self: Arc<Self>) {
        let outer = self.last.outer.lock().unwrap();
        if self.last.poll.load(SeqCst) == self.poll {
            outer.as_ref().unwrap().wake_by_ref();
        }
    }
}

impl Rewoken {
    pub(crate) fn new(future: Pending) -> Self {
        Self {
            future,
            last: Arc::default(),
        }
    }
}

impl Future for Rewoken {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let poll = {
            let mut outer = self.last.outer.lock().unwrap();
            *outer = Some(cx.waker().clone());
            self.last.poll.fetch_add(1, SeqCst) + 1
        };
        let last = Arc::clone(&self.last);
        let waker = Waker::from(Arc::new(OfPoll { poll, last }));
        let ended = self.future.as_mut().poll(&mut Context::from_waker(&waker));
        if ended.is_pending() && poll <= AGAIN {
            cx.waker().wake_by_ref();
        }
        ended
    }
}
