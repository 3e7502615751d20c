//! Wakers, hooks and what they hold are other code. None of it runs under the lock of a job or
//! of its listeners.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    pin::Pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Wake, Waker},
};

use bridge_offload::{Cancellation, Cancelled, Offload, Pool, cancellation, on_cancel};
use common::{eventually, hooks::blocked_until_its_hook, plug, pool, wait};
use testkit::within;

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// Otherwise an executor hangs that drops its task within the wake-up.
#[test]
fn a_waker_may_drop_its_cancellation_at_once() {
    struct DropsAtOnce(Mutex<Option<Cancellation>>);

    impl Wake for DropsAtOnce {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }

    within(|| {
        let pool = pool(1, 8);
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let task = Arc::new(DropsAtOnce(Mutex::new(None)));
        let own = Arc::clone(&task);
        let job = pool.run(move || {
            let mut future = cancellation();
            assert!(poll(&mut future, &Waker::from(Arc::clone(&own))).is_pending());
            *own.0.lock().unwrap() = Some(future);
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        assert!(task.0.lock().unwrap().is_none());
        drop(release);
        wait(job);
    });
}

/// Otherwise the end of the job hangs: the drop of the other job looks for its hooks.
#[test]
fn a_hook_that_is_left_may_own_another_job() {
    within(|| {
        let pool = pool(2, 8);
        let (inner, calls) = blocked_until_its_hook(&pool);
        let guard = wait(pool.run(move || on_cancel(move || drop(inner))));
        assert_eq!(calls.iter().count(), 1);
        drop(guard);
        eventually("both have ended", || pool.metrics().completed == 2);
    });
}

/// Otherwise the end of the job hangs: the drop of the other guard looks for its hook.
#[test]
fn a_hook_that_is_left_may_own_another_guard_of_its_job() {
    within(|| {
        let pool = pool(1, 8);
        let guard = wait(pool.run(|| {
            let inner = on_cancel(|| ());
            on_cancel(move || drop(inner))
        }));
        drop(guard);
    });
}

/// Releases a job when it is dropped, and waits for the end of the job.
struct EndsTheJob(Mutex<Option<mpsc::Sender<()>>>, Pool);

impl Wake for EndsTheJob {
    fn wake(self: Arc<Self>) {}
}

impl Drop for EndsTheJob {
    fn drop(&mut self) {
        drop(self.0.lock().unwrap().take());
        eventually("the job ends", || self.1.metrics().completed == 1);
    }
}

/// Returns a job that runs, and that keeps the last clone of such a waker.
fn polled() -> (Pool, Offload<()>) {
    let pool = pool(1, 8);
    let (mut task, release) = plug(&pool);
    let ends = EndsTheJob(Mutex::new(Some(release)), pool.clone());
    let waker = Waker::from(Arc::new(ends));
    assert!(poll(&mut task, &waker).is_pending());
    (pool, task)
}

#[test]
fn a_poll_drops_the_old_waker_outside_the_lock() {
    within(|| {
        let (_pool, mut task) = polled();
        assert!(poll(&mut task, Waker::noop()).is_pending());
        wait(task);
    });
}

#[test]
fn a_detach_drops_the_waker_outside_the_lock() {
    within(|| {
        let (pool, task) = polled();
        task.detach();
        assert_eq!(pool.metrics().completed, 1);
    });
}

/// Otherwise an executor deadlocks that polls within the wake-up.
#[test]
fn a_waker_may_poll_the_result_at_once() {
    struct PollsAtOnce(Mutex<Option<Offload<()>>>, mpsc::Sender<bool>);

    impl Wake for PollsAtOnce {
        fn wake(self: Arc<Self>) {
            let task = self.0.lock().unwrap().take();
            let is_ready = task.is_some_and(|mut task| poll(&mut task, Waker::noop()).is_ready());
            self.1.send(is_ready).unwrap();
        }

        // The job may ask for further polls.
        fn wake_by_ref(self: &Arc<Self>) {}
    }

    within(|| {
        let pool = pool(1, 8);
        let (mut task, release) = plug(&pool);
        let (tell, told) = mpsc::channel();
        let at_once = Arc::new(PollsAtOnce(Mutex::new(None), tell));
        assert!(poll(&mut task, &Waker::from(Arc::clone(&at_once))).is_pending());
        *at_once.0.lock().unwrap() = Some(task);
        drop(release);
        assert_eq!(told.recv(), Ok(true));
    });
}
