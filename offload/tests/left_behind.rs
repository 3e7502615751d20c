//! Jobs that a shutdown leaves behind: their callers are told before other code runs, and
//! each job is counted once.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use bridge_offload::{Metrics, Offload, OffloadError, Pool, cancelled};
use common::{eventually, plug, pool, pool_with_blocked, wait};
use futures::channel::oneshot;
use testkit::within;

/// Waits for another job when it is dropped or woken.
struct WaitsFor(Mutex<Option<Offload<()>>>);

impl WaitsFor {
    fn job(task: Offload<()>) -> Self {
        Self(Mutex::new(Some(task)))
    }

    fn wait(&self) {
        let task = self.0.lock().unwrap().take();
        if let Some(task) = task {
            let outcome = wait(task.outcome());
            assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        }
    }
}

impl Drop for WaitsFor {
    fn drop(&mut self) {
        self.wait();
    }
}

impl Wake for WaitsFor {
    fn wake(self: Arc<Self>) {
        self.wait();
    }
}

/// Returns the number of submitted jobs, as the sum of all counts.
fn sum(metrics: &Metrics) -> u64 {
    metrics.completed + metrics.panicked + metrics.cancelled + metrics.rejected
}

#[test]
fn a_destructor_may_wait_for_another_job_that_was_abandoned() {
    within(|| {
        let pool = pool(1, 8);
        let (_running, _release) = plug(&pool);
        // The second job must exist before the first one, which captures it, is queued.
        let (give, second) = mpsc::channel();
        let first = pool.try_run(move || drop(second)).unwrap();
        give.send(WaitsFor::job(pool.try_run(|| ()).unwrap()))
            .unwrap();
        assert_eq!(pool.shutdown(Duration::ZERO).wait().abandoned, 2);
        let outcome = wait(first.outcome());
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
    });
}

#[test]
fn a_waker_may_wait_for_another_job_that_was_refused() {
    within(|| {
        let pool = pool(1, 1);
        let (_running, _release) = plug(&pool);
        let _queued = pool.try_run(|| ()).unwrap();
        let mut first = pin!(pool.run(|| ()).start().outcome());
        let second = pool.run(|| ()).start();
        // The future asks for further polls for a moment. After that, only the end wakes
        // the waker.
        for _ in 0..64 {
            let mut cx = Context::from_waker(Waker::noop());
            assert!(first.as_mut().poll(&mut cx).is_pending());
        }
        let waker = Waker::from(Arc::new(WaitsFor::job(second)));
        let mut cx = Context::from_waker(&waker);
        assert!(first.as_mut().poll(&mut cx).is_pending());
        assert_eq!(pool.metrics().backlog, 2);
        let _report = pool.shutdown(Duration::ZERO).wait();
        let outcome = first.as_mut().poll(&mut cx);
        assert!(matches!(
            outcome,
            Poll::Ready(Err(OffloadError::ShutDown { .. }))
        ));
    });
}

#[test]
fn what_an_end_leaves_is_counted() {
    within(|| {
        let pool = pool(1, 2);
        let (running, release) = plug(&pool);
        let queued = [(); 2].map(|()| pool.try_run(|| ()).unwrap());
        let backlog = [(); 3].map(|()| pool.run(|| ()).start());
        assert!(pool.try_run(|| ()).is_err());
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.running.len()), (2, 1));
        drop((queued, backlog));
        release.send(()).unwrap();
        eventually("the job has ended", || pool.metrics().completed == 1);
        let metrics = pool.metrics();
        assert_eq!((metrics.cancelled, metrics.rejected), (2, 4));
        assert_eq!(sum(&metrics), 7);
        drop(running);
    });
}

#[test]
fn a_job_that_was_lent_and_has_not_begun_was_abandoned() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (lent, is_lent) = mpsc::channel();
        let (go_on, held) = mpsc::channel::<()>();
        let (end, ended) = oneshot::channel::<()>();
        let task = lender(&pool, lent, move || assert!(held.recv().is_err()), ended);
        is_lent.recv().unwrap();
        eventually("the other has parked", || pool.metrics().blocked == 1);
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.running.len()), (1, 2));
        drop((go_on, end));
        eventually("both have ended", || pool.metrics().completed == 2);
        let metrics = pool.metrics();
        assert_eq!((metrics.cancelled, sum(&metrics)), (1, 3));
        drop(task);
    });
}

/// Otherwise the report of a shutdown leaves that job out. Its lender gives it back during the
/// cancel grace.
#[test]
fn a_lent_job_that_is_given_back_to_a_closed_pool_was_abandoned() {
    within(|| {
        let builder = Pool::builder().max_threads(1).max_blocked_threads(1);
        let pool: Pool = builder.cancel_grace(Duration::MAX).build().unwrap();
        let (lent, is_lent) = mpsc::channel();
        let (end, ended) = oneshot::channel::<()>();
        let until_told = || {
            while !cancelled() {
                thread::yield_now();
            }
        };
        let task = lender(&pool, lent, until_told, ended);
        is_lent.recv().unwrap();
        drop(end);
        eventually("the other has ended", || pool.metrics().completed == 1);
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.cancelled), (1, 1));
        assert_eq!(report.running, []);
        let metrics = pool.metrics();
        assert_eq!((metrics.cancelled, sum(&metrics)), (1, 3));
        wait(task);
    });
}

/// Starts a job whose wait is lent another job. It notifies `lent`, and calls `hold` before the
/// wait ends.
fn lender(
    pool: &Pool,
    lent: mpsc::Sender<()>,
    hold: impl FnOnce() + Send + 'static,
    ended: oneshot::Receiver<()>,
) -> Offload<()> {
    let within = pool.clone();
    let task = pool.run(move || {
        let mut tasks = Vec::new();
        let (mut ended, mut hold) = (Some(ended), Some(hold));
        wait(poll_fn(move |_| {
            let Some(ended) = ended.take() else {
                // The pool polls once more, because that may end the wait.
                let _told = lent.send(());
                hold.take().into_iter().for_each(|hold| hold());
                return Poll::Ready(());
            };
            // This job takes the last worker that the pool may have, and parks it.
            let parks = within.run(|| {
                let _ended = wait(ended);
            });
            tasks.push(parks.start());
            tasks.push(within.run(|| ()).start());
            Poll::Pending
        }));
    });
    task.start()
}
