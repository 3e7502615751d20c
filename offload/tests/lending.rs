//! A job that is lent to a parked thread: run there, or given back to whoever
//! can run it, never forgotten.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, mpsc},
    task::Poll,
    thread,
    time::Duration,
};

use bridge_offload::{Lineage, Offload, OffloadError, Pool};
use common::{WaitError, eventually, try_wait, wait};
use futures::{channel::oneshot, future::join_all};
use testkit::within;

/// A pool in which no thread can be added any more once this many are parked.
fn pool(threads: usize, blocked: usize) -> Pool {
    Pool::builder()
        .max_threads(threads)
        .max_blocked_threads(blocked)
        .build()
        .unwrap()
}

/// A job that is parked in a wait until it is let go.
fn parked(pool: &Pool) -> (Offload<Result<(), WaitError>>, oneshot::Sender<()>) {
    let before = pool.metrics().blocked;
    let (release, released) = oneshot::channel();
    let task = pool.run(|| try_wait(released).map(|_| ())).start();
    eventually("parked", || pool.metrics().blocked == before + 1);
    (task, release)
}

/// Waits for a job of its own in such a way that it is lent it, and says what
/// `next` does with it at the poll that comes before the job is run.
fn lent<T: Send + 'static>(
    pool: &Pool,
    next: impl Fn(Offload<i32>) -> T + Send + 'static,
) -> impl FnOnce() -> T + Send + 'static {
    let pool = pool.clone();
    move || {
        let mut task = None;
        wait(poll_fn(|_| match task.take() {
            None => {
                task = Some(pool.run(|| 42).start());
                Poll::Pending
            }
            Some(task) => Poll::Ready(next(task)),
        }))
    }
}

/// An async function that calls a sync one which waits, for the very job that
/// the thread has just been lent.
#[test]
fn a_wait_within_the_wait_is_not_kept_from_its_job() {
    within(|| {
        let pool = pool(2, 1);
        let (other, release) = parked(&pool);
        let (go, start) = mpsc::channel();
        let lent = lent(&pool, try_wait);
        let parent = pool.run(move || {
            start.recv().unwrap();
            lent()
        });
        let parent = parent.start();
        // A job that is not parked, for a while: it will run what is given back.
        let (send, receive) = mpsc::channel::<()>();
        let busy = pool.run(move || receive.recv().unwrap()).start();
        eventually("both run", || pool.metrics().running == 2);
        go.send(()).unwrap();
        eventually("parked", || pool.metrics().blocked == 2);
        send.send(()).unwrap();
        wait(busy);
        assert_eq!(wait(parent), Ok(42));
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
    });
}

#[test]
fn a_wait_that_nobody_can_serve_is_told_and_not_left() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let parent = pool.run(lent(&pool, try_wait));
        assert_eq!(wait(parent), Err(WaitError::Exhausted));
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
        assert_eq!(wait(pool.run(|| 1)), 1, "the pool works on");
    });
}

#[test]
fn a_job_given_back_after_the_end_is_over() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let (ended, inner) = (pool.clone(), pool.clone());
        let parent = pool.run(lent(&pool, move |task| {
            // From elsewhere, for a job that ends its own pool is another case.
            let ended = ended.clone();
            let shutdown = thread::spawn(move || ended.shutdown(Duration::ZERO));
            let report = shutdown.join().unwrap();
            assert_eq!((report.abandoned, report.running), (0, 3));
            let outcome = wait(inner.run(|| ()).outcome());
            assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
            wait(task.outcome())
        }));
        let _told = wait(parent.outcome()).unwrap_err();
        release.send(()).unwrap();
        let _told = wait(other.outcome()).unwrap_err();
        eventually("all threads end", || pool.metrics().threads == 0);
        assert_eq!(pool.metrics().queued, 0);
        let _nothing_to_wait_for = pool.shutdown(Duration::MAX);
    });
}

/// After a look that found nothing to lend, what has come since is found: a job
/// of a wait that parks again, and one of a wait that has been parked all along.
#[test]
fn a_job_that_comes_after_a_vain_look_is_lent() {
    for parks_again in [true, false] {
        within(|| {
            let pool = pool(3, 1);
            let (other, release) = parked(&pool);
            let (wake, woken) = oneshot::channel::<()>();
            let (tell, told) = mpsc::channel();
            let inner = pool.clone();
            let task = pool.run(move || {
                wait(async move {
                    tell.send(Lineage::current()).unwrap();
                    woken.await.unwrap();
                    inner.run(|| 1).await
                })
            });
            let task = task.start();
            let lineage = told.recv().unwrap();
            eventually("both are parked", || pool.metrics().blocked == 2);
            // Of these jobs one is lent, and one gets the last thread. The third
            // is looked at in vain: nobody else may run it.
            let (go_on, hold) = mpsc::channel::<()>();
            let (inner, hold) = (pool.clone(), Arc::new(Mutex::new(hold)));
            let parent = pool.run(move || {
                let job = || {
                    let hold = Arc::clone(&hold);
                    inner.run(move || hold.lock().unwrap().recv().unwrap())
                };
                wait(join_all([job(), job(), job()]));
            });
            let parent = parent.start();
            eventually("two run and one can't", || {
                let metrics = pool.metrics();
                (metrics.running, metrics.blocked, metrics.queued) == (2, 2, 1)
            });
            let _looked_in_vain = pool.try_run(|| ()).unwrap();
            if parks_again {
                wake.send(()).unwrap();
                assert_eq!(wait(task), 1);
            } else {
                assert_eq!(wait(lineage.scope(pool.run(|| 2))), 2);
                wake.send(()).unwrap();
                assert_eq!(wait(task), 1);
            }
            for _ in 0..3 {
                go_on.send(()).unwrap();
            }
            wait(parent);
            release.send(()).unwrap();
            assert_eq!(wait(other), Ok(()));
        });
    }
}
