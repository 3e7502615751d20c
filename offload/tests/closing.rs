//! The jobs that a closed pool still takes: those that an admitted job needs.
#![cfg(not(bridge_loom))]

mod common;

use std::{future::poll_fn, pin::pin, sync::mpsc, task::Poll, thread, time::Duration};

use bridge_offload::{Lineage, Offload, OffloadError, Pool, Shutdown, cancelled};
use common::{begin_shutdown, eventually, plug, pool, pool_with_blocked, wait};
use futures::{channel::oneshot, future::join};
use testkit::within;

/// Far longer than any step of a test takes.
const LONG: Duration = Duration::from_secs(20);

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
    let shutdown = begin_shutdown(pool);
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

/// Waits for a job of the pool when it is dropped, and sends the outcome.
struct Guard(Pool, mpsc::Sender<Result<(), OffloadError>>);

impl Drop for Guard {
    fn drop(&mut self) {
        let outcome = wait(self.0.run(|| ()).outcome());
        self.1.send(outcome).unwrap();
    }
}

/// Otherwise the clean-up of a job's result is refused, as long as the job itself is not.
#[test]
fn a_destructor_on_a_worker_gets_what_it_waits_for() {
    within(|| {
        let pool = pool(1, 8);
        let (tell, told) = mpsc::channel();
        let guard = Guard(pool.clone(), tell);
        let (_unawaited, _report) = shut_down_beside(&pool, {
            let own = pool.clone();
            move || {
                let (tell, begun) = oneshot::channel();
                let guarded = own.run(move || {
                    tell.send(()).unwrap();
                    while !cancelled() {
                        thread::yield_now();
                    }
                    guard
                });
                let guarded = guarded.start();
                wait(begun).unwrap();
                drop(guarded); // so the worker drops the result
            }
        });
        assert!(told.recv().unwrap().is_ok());
    });
}

/// Otherwise a job that an admitted one has submitted depends on when that one ends.
#[test]
fn a_late_job_gets_what_it_waits_for_after_its_submitter_has_ended() {
    within(|| {
        let pool = pool(1, 8);
        let own = pool.clone();
        let (late, report) = shut_down_beside(&pool, move || {
            let inner = own.clone();
            let late = own.run(move || wait(inner.run(|| 7).outcome()).unwrap());
            late.start()
        });
        assert_eq!(wait(late), 7);
        assert_eq!((report.completed, report.abandoned), (3, 0));
    });
}

/// Otherwise a shutdown that blocks the last worker waits for its whole grace for a job that can't
/// start.
#[test]
fn a_shutdown_that_blocks_the_last_worker_waits_for_no_job_that_cannot_start() {
    within(|| {
        let pool = pool_with_blocked(1, 2);
        let (tell, told) = oneshot::channel::<()>();
        let (answer, late) = oneshot::channel::<()>();
        let own = pool.clone();
        let submits = pool.run(move || {
            wait(told).unwrap();
            own.run(move || answer.send(())).start()
        });
        let submits = submits.start();
        let waits = pool.run(move || wait(late)).start();
        eventually("both wait", || pool.metrics().blocked == 2);
        let own = pool.clone();
        let closes = pool.run(move || own.shutdown(Duration::MAX).wait()).start();
        eventually("its worker can't park", || pool.metrics().peak_blocked == 3);
        tell.send(()).unwrap();
        assert_eq!(wait(closes).abandoned, 1);
        assert!(wait(wait(submits).outcome()).is_err());
        assert!(wait(waits).is_err(), "nobody answers");
    });
}

/// Otherwise a job that starts the next one again and again uses up the grace of the shutdown.
#[test]
fn a_chain_of_jobs_ends_with_the_admission() {
    fn detached(pool: &Pool) {
        let next = pool.clone();
        pool.run(move || detached(&next)).detach();
    }
    fn started(pool: &Pool) {
        let next = pool.clone();
        pool.run(move || started(&next)).start().detach();
    }
    fn tried(pool: &Pool) {
        let next = pool.clone();
        let tried = pool.try_run(move || tried(&next));
        tried.map_or_else(|no| assert!(no.is_shut_down()), Offload::detach);
    }
    within(|| {
        for (chain, late) in [(detached as fn(&Pool), 0), (started, 1), (tried, 0)] {
            let pool = pool(1, 8);
            let next = pool.clone();
            let ((), report) = shut_down_beside(&pool, move || chain(&next));
            assert_eq!((report.completed, report.abandoned), (1 + late, 0));
        }
    });
}

/// Otherwise a job that the shutdown does not wait for brings in jobs that it waits for, and for
/// which no worker may be there.
#[test]
fn a_job_that_waits_for_the_shutdown_brings_nothing_in() {
    let waits: fn(&Pool) -> Shutdown = |pool| pool.shutdown(LONG).wait();
    let awaits: fn(&Pool) -> Shutdown = |pool| wait(pool.shutdown(LONG));
    for shut_down in [waits, awaits] {
        within(move || {
            let pool = pool(2, 8);
            let (plugged, release) = plug(&pool);
            let (tell, told) = mpsc::channel();
            let own = pool.clone();
            let closes = pool.run(move || {
                tell.send(Lineage::current()).unwrap();
                shut_down(&own)
            });
            let closes = closes.start();
            let lineage = told.recv().unwrap();
            eventually("it is closed", || pool.try_run(|| ()).is_err());
            eventually("its job waits", || pool.metrics().blocked == 1);
            // An awaited shutdown begins to wait for jobs on a thread of its own.
            eventually("a late job is refused", || {
                let late = async { pool.run(|| ()).outcome().await };
                let outcome = wait(lineage.scope(late));
                matches!(outcome, Err(OffloadError::ShutDown { .. }))
            });
            release.send(()).unwrap();
            wait(plugged);
            assert!(wait(closes).completed > 0);
        });
    }
}

/// Otherwise a caller who sheds load is told to try again later, although the pool is about to end.
#[test]
fn a_closed_pool_says_so_also_if_it_is_full() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let queued = pool.run(|| ()).start();
        let shutdown = begin_shutdown(&pool);
        assert!(pool.try_run(|| ()).unwrap_err().is_shut_down());
        drop(release);
        wait(join(plugged, queued));
        assert_eq!(wait(shutdown).abandoned, 0);
    });
}

/// Otherwise the worker of another pool keeps a pool open, although no job of that pool waits.
#[test]
fn a_destructor_on_another_pools_worker_is_refused() {
    within(|| {
        let (pool, other) = (pool(1, 8), pool(1, 8));
        let (plugged, release) = plug(&pool);
        let (tell, told) = mpsc::channel();
        let guard = Guard(pool.clone(), tell);
        let (start, started) = mpsc::channel();
        let (go, may_go) = mpsc::channel::<()>();
        let guarded = other.run(move || {
            start.send(()).unwrap();
            assert!(may_go.recv().is_err(), "the other side is dropped");
            guard
        });
        let guarded = guarded.start();
        started.recv().unwrap();
        drop(guarded); // so the worker drops the result
        let shutdown = begin_shutdown(&pool);
        drop(go);
        let outcome = told.recv().unwrap();
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        drop(release);
        wait(plugged);
        assert_eq!(wait(shutdown).abandoned, 0);
    });
}

/// Otherwise a shutdown that began when every worker was parked cuts off the jobs that it lets
/// finish, as soon as one of them submits another.
#[test]
fn a_shutdown_that_blocks_the_last_worker_lets_the_others_go_on() {
    within(|| {
        let pool = pool_with_blocked(1, 2);
        let (answer, late) = oneshot::channel();
        let slow = pool.run(move || wait(late).unwrap()).start();
        let (tell, told) = oneshot::channel::<()>();
        let (release, held) = mpsc::channel::<()>();
        let own = pool.clone();
        let nests = pool.run(move || {
            wait(told).unwrap();
            let first = own.run(move || held.recv().map_or(1, |()| 0));
            let both = wait(join(first, own.run(|| 2)));
            answer.send(both.0 + both.1).unwrap();
        });
        let nests = nests.start();
        eventually("both wait", || pool.metrics().blocked == 2);
        let own = pool.clone();
        let closes = pool.run(move || own.shutdown(LONG).wait()).start();
        eventually("its worker can't park", || pool.metrics().peak_blocked == 3);
        tell.send(()).unwrap();
        eventually("the second job is queued", || pool.metrics().queued == 1);
        // It stays queued while the shutdown looks again.
        thread::sleep(Duration::from_millis(50));
        drop(release);
        let report = wait(closes);
        assert_eq!((report.completed, report.abandoned), (4, 0), "{report:?}");
        wait(nests);
        assert_eq!(wait(slow), 3);
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

/// Otherwise a registry of jobs keeps those for ever that a shutdown has shut out.
#[test]
fn a_job_that_was_shut_out_is_finished() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let queued = pool.run(|| ()).start();
        let shut_out = pool.run(|| ()).start();
        assert!(!shut_out.is_finished());
        let shutdown = begin_shutdown(&pool);
        assert!(shut_out.is_finished() && !queued.is_finished());
        drop((release, shut_out));
        wait(plugged);
        wait(queued);
        let _report = wait(shutdown);
    });
}
