//! A wait made of the pool's own parts, as a bridge makes it.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test target uses a part of this"
)]

use std::{
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bridge_offload::{Parked, Waiting, park::Parker};

/// Why a wait has no value.
#[derive(Debug, PartialEq, Eq)]
pub enum WaitError {
    Exhausted,
    TimedOut,
}

/// Waits for a future on this thread.
pub fn try_wait<F: Future>(future: F) -> Result<F::Output, WaitError> {
    wait_until(future, None)
}

/// Waits for a future on this thread until `deadline`.
pub fn wait_until<F: Future>(future: F, deadline: Option<Instant>) -> Result<F::Output, WaitError> {
    let mut waiting = Waiting::open();
    let parker = Parker::new();
    let waker = parker.waker();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return Ok(value);
        }
        if waiting.run_lent() {
            continue;
        }
        match waiting.park(&parker, deadline) {
            Parked::Woken | Parked::Lent => {}
            Parked::TimedOut => return Err(WaitError::TimedOut),
            Parked::Exhausted => return Err(WaitError::Exhausted),
        }
    }
}

/// Waits for a future that can't fail to be waited for.
pub fn wait<F: Future>(future: F) -> F::Output {
    try_wait(future).expect("the pool is not exhausted")
}

/// Counts how many are inside at a time.
#[derive(Debug, Default)]
pub struct Gauge {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl Gauge {
    pub fn hold(&self, time: Duration) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(time);
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::SeqCst)
    }
}
