//! Checks that an offload holds Tokio's paused clock with the feature
//! `test-util`.
//!
//! The offload holds the clock of the runtime that submits it.

use std::{pin::pin, sync::mpsc, thread, time::Duration};

use bridge::{Bridge, Pool, Wait, offload, offload::Cancelled};
use testkit::within;
use tokio::{
    runtime::Builder,
    time::{Instant, sleep, timeout},
};

/// The real time that a job takes.
const WORK: Duration = Duration::from_millis(50);

/// A time that the paused clock must not reach while a job runs.
const LIMIT: Duration = Duration::from_secs(100);

/// Runs a test's root on a runtime whose clock is paused.
fn paused<F: Future>(root: impl FnOnce() -> F) -> F::Output {
    within(|| {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async { root().await })
    })
}

/// Returns a bridge whose pool has one thread.
fn small() -> Bridge {
    Bridge::builder().max_threads(1).build().unwrap()
}

#[test]
fn a_limit_does_not_pass_while_a_job_runs() {
    paused(async || {
        for _ in 0..10 {
            let start = Instant::now();
            let job = timeout(LIMIT, offload(|| thread::sleep(WORK / 5)));
            assert_eq!(job.await, Ok(()));
            assert_eq!(start.elapsed(), Duration::ZERO);
        }
    });
}

/// Otherwise a timeout could fire between two short jobs: the clock would be
/// released too early.
#[test]
fn short_jobs_hold_it_too() {
    paused(async || {
        for number in 0..2_000 {
            let job = timeout(LIMIT, offload(move || number));
            assert_eq!(job.await, Ok(number));
        }
    });
}

#[test]
fn a_limit_does_not_pass_while_a_job_is_queued() {
    paused(async || {
        let bridge = small();
        let first = bridge.offload(|| thread::sleep(WORK)).start();
        let second = timeout(LIMIT, bridge.offload(|| thread::sleep(WORK)));
        assert_eq!(second.await, Ok(()));
        first.await;
    });
}

#[test]
fn time_runs_again_once_the_job_has_ended() {
    paused(async || {
        offload(|| thread::sleep(WORK)).await;
        let start = Instant::now();
        sleep(LIMIT).await;
        assert_eq!(start.elapsed(), LIMIT);
    });
}

#[test]
fn time_stands_still_for_many_jobs_until_the_last() {
    paused(async || {
        let start = Instant::now();
        let jobs: Vec<_> = (0..600)
            .map(|number| tokio::spawn(timeout(LIMIT, offload(move || number))))
            .collect();
        for (number, job) in jobs.into_iter().enumerate() {
            assert_eq!(job.await.unwrap(), Ok(number));
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(LIMIT).await;
    });
}

#[test]
fn a_closure_that_waits_holds_it() {
    paused(async || {
        let bridge = small();
        let own = bridge.clone();
        let outer = bridge.offload(move || {
            let inner = own.offload(|| thread::sleep(WORK));
            own.wait(async {
                sleep(WORK).await; // on home, whose clock is not paused
                inner.await;
            });
        });
        assert_eq!(timeout(LIMIT, outer).await, Ok(()));
    });
}

/// Otherwise a job that was withdrawn, cancelled, refused or abandoned, or that
/// panicked, would stop the clock for ever.
#[test]
fn a_job_that_does_not_run_lets_it_go() {
    paused(async || {
        let bridge = Bridge::builder()
            .max_threads(1)
            .queue_capacity(1)
            .build()
            .unwrap();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let plug = bridge.offload(move || {
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let plug = plug.start();
        started.recv().unwrap();
        drop(bridge.offload(|| ()).start());
        let cancelled = bridge.offload(|| ()).start();
        assert_eq!(cancelled.cancel(), Cancelled::Withdrawn);
        let _error = cancelled.outcome().await.unwrap_err();
        let queued = bridge.offload(|| ()).start();
        assert!(bridge.try_offload(|| ()).unwrap_err().is_full());
        let backlog = bridge.offload(|| ()).start();
        drop(release);
        let report = bridge.shutdown(Duration::ZERO).await;
        assert!(report.abandoned <= 1, "{report:?}");
        for job in [plug, queued, backlog] {
            let _whatever_it_was = job.outcome().await;
        }
        let panics = offload(|| panic!("on purpose")).outcome().await;
        assert!(panics.is_err());
        // If a job still held the clock, this sleep would never end.
        sleep(LIMIT).await;
    });
}

/// Otherwise a timeout could fire before a detached job has run.
#[test]
fn a_detached_job_holds_it() {
    paused(async || {
        let (note, noted) = tokio::sync::oneshot::channel();
        offload(|| {
            thread::sleep(WORK);
            note.send(()).unwrap();
        })
        .detach();
        assert_eq!(timeout(LIMIT, noted).await, Ok(Ok(())));
        sleep(LIMIT).await;
    });
}

/// Otherwise a time limit of a shutdown passes while the threads of an idle bridge end.
#[test]
fn a_shutdown_holds_it_until_it_is_over() {
    /// Takes its time after the last job of the pool, and of home.
    fn slow() {
        thread::sleep(WORK);
    }

    paused(async || {
        let start = Instant::now();
        let bridge = Bridge::builder().on_thread_stop(slow).build().unwrap();
        bridge.offload(|| ()).await;
        let report = timeout(LIMIT, bridge.shutdown(LIMIT)).await.unwrap();
        assert!(report.running.is_empty());

        let pool = Pool::builder().on_thread_stop(slow).build().unwrap();
        pool.run(|| ()).await;
        let report = timeout(LIMIT, pool.shutdown(LIMIT)).await.unwrap();
        assert!(report.running.is_empty());

        let bridge = small();
        let home = bridge.handle().unwrap().clone();
        let _blocks = home.spawn_blocking(slow);
        let shutdown = pin!(bridge.shutdown(LIMIT));
        let report = timeout(LIMIT, shutdown).await.unwrap();
        assert!(report.running.is_empty());
        assert_eq!(start.elapsed(), Duration::ZERO);
        // A shutdown that is over or dropped lets it go.
        drop(timeout(Duration::ZERO, small().shutdown(LIMIT)).await);
        sleep(LIMIT).await;
    });
}

/// Otherwise every offload would use up a blocking thread of the runtime. Here
/// the test itself needs the only one.
#[test]
fn a_clock_that_runs_is_left_alone() {
    within(|| {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(1)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (send, receive) = mpsc::channel();
            let job = offload(move || receive.recv()).start();
            tokio::task::spawn_blocking(move || send.send(7))
                .await
                .unwrap()
                .unwrap();
            assert_eq!(job.await, Ok(7));
        });
    });
}

/// Outside a runtime there is no clock to hold.
#[test]
fn a_wait_in_sync_code_is_as_ever() {
    within(|| assert_eq!(offload(|| 7).wait(), 7));
}
