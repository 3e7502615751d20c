//! The wake-ups of callers, in every order of steps, on the code that ships. See `loom.rs`.
#![cfg(bridge_loom)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bridge_offload::{
    Pool,
    park::{Parker, Unparker},
};
use common::exploring::{LONG, explore};
use loom::sync::atomic::AtomicBool;

/// Returns a pool of one worker that never spins.
fn pool() -> Pool {
    Pool::builder()
        .max_threads(1)
        .queue_capacity(2)
        .spin(Duration::ZERO)
        .build()
        .unwrap()
}

/// A waker that notes that it was woken.
struct Flag(AtomicBool, Unparker);

impl Flag {
    /// Returns a flag that also leaves a token for `parker`.
    fn for_parker(parker: &Parker) -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(false), parker.unparker().clone()))
    }

    fn was_woken(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
        self.1.unpark();
    }
}

/// Otherwise an offload that moved from one task to another hangs.
#[test]
fn loom_a_completion_wakes_the_waker_of_the_last_poll() {
    explore(|| {
        let pool = pool();
        let mut task = Box::pin(pool.run(|| 5));
        let first = task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(value) = first {
            assert_eq!(value, 5);
        } else {
            let parker = Parker::new();
            let flag = Flag::for_parker(&parker);
            let waker = Waker::from(Arc::clone(&flag));
            if task
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
            {
                assert!(parker.park(None));
                assert!(flag.was_woken());
                let last = task.as_mut().poll(&mut Context::from_waker(&waker));
                assert_eq!(last, Poll::Ready(5));
            }
        }
        drop(task);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a task that has its result is polled once more, for nothing.
#[test]
fn loom_a_caller_that_gets_the_result_in_its_first_poll_is_not_woken() {
    let results = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&results);
    let all_tried = explore(move || {
        let pool = pool();
        let flag = Flag::for_parker(&Parker::new());
        let waker = Waker::from(Arc::clone(&flag));
        let mut task = Box::pin(pool.run(|| 5));
        let first = task.as_mut().poll(&mut Context::from_waker(&waker));
        if first.is_ready() {
            seen.fetch_add(1, Ordering::Relaxed);
            assert!(!flag.was_woken());
        }
        drop(task);
        let _report = pool.shutdown(LONG).wait();
    });
    let results = results.load(Ordering::Relaxed);
    assert!(
        results > 0 || !all_tried,
        "no first poll has found the result"
    );
}
