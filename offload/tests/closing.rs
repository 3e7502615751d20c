//! The jobs that a closed pool still takes: those that an admitted job needs.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    pin::pin,
    sync::mpsc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bridge_offload::{OffloadError, Pool, Rejected, Shutdown};
use common::{plug, pool, wait};
use testkit::within;

/// Starts this job on the pool, and begins a shutdown without a limit while the job runs. Then
/// lets the job go on. Returns its value and the report.
fn shut_down_beside<T: Send + 'static>(
    pool: &Pool,
    job: impl FnOnce() -> T + Send + 'static,
) -> (T, Shutdown) {
    let (tell, begun) = mpsc::channel();
    let (close, closed) = mpsc::channel::<()>();
    let job = pool.run(move || {
        tell.send(()).unwrap();
        assert!(closed.recv().is_err(), "the other side is dropped");
        job()
    });
    let job = job.start();
    begun.recv().unwrap();
    let mut shutdown = pin!(pool.shutdown(Duration::MAX));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(shutdown.as_mut().poll(&mut cx).is_pending());
    drop(close);
    (wait(job), wait(shutdown))
}

/// Otherwise a shutdown breaks off the jobs that it lets finish.
#[test]
fn an_admitted_job_gets_what_it_waits_for() {
    within(|| {
        for threads in [1, 4] {
            let pool = pool(threads, 8);
            let inner = pool.clone();
            let (value, report) = shut_down_beside(&pool, move || {
                let before = inner.run(|| 1).start();
                let deeper = inner.clone();
                let nested = inner.run(move || wait(deeper.run(|| 2)));
                let tried = async { inner.try_run(|| 3).unwrap().await };
                wait(async { before.await + nested.await + tried.await })
            });
            assert_eq!(value, 6);
            assert_eq!((report.completed, report.abandoned), (5, 0));
            let late = wait(pool.run(|| ()).outcome());
            assert!(matches!(late, Err(OffloadError::ShutDown { .. })));
        }
    });
}

/// Otherwise a job that starts the next one again and again uses up the grace of the shutdown.
#[test]
fn a_chain_of_jobs_ends_with_the_admission() {
    fn chain(pool: &Pool) {
        let next = pool.clone();
        pool.run(move || chain(&next)).detach();
    }
    within(|| {
        let pool = pool(1, 8);
        let next = pool.clone();
        let (tried, report) = shut_down_beside(&pool, move || {
            chain(&next);
            next.try_run(|| ())
        });
        assert!(matches!(tried, Err(Rejected::ShutDown { .. })));
        assert_eq!((report.completed, report.abandoned), (1, 0));
    });
}

/// Otherwise a caller whose wait has begun in time keeps the pool open, although it is no job.
#[test]
fn a_wait_of_another_thread_is_refused() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let mut shutdown = pin!(pool.shutdown(Duration::MAX));
        let outcome = wait(async {
            assert!(poll_fn(|cx| Poll::Ready(shutdown.as_mut().poll(cx).is_pending())).await);
            pool.run(|| ()).outcome().await
        });
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        release.send(()).unwrap();
        wait(plugged);
        assert_eq!(wait(shutdown).completed, 1);
    });
}
