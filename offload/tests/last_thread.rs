//! A job shuts down its own pool or another one, and no worker can be added. Nobody waits
//! for a job that nobody is left to run.
#![cfg(not(bridge_loom))]

mod common;

use std::{sync::mpsc, thread, time::Duration};

use bridge_offload::{OffloadError, Pool};
use common::{WaitError, eventually, pool, pool_with_blocked, try_wait, wait};
use futures::channel::oneshot;
use testkit::within;

/// Returns a pool with a single permit, and one more worker at most.
fn pool_of_two() -> Pool {
    pool_with_blocked(1, 1)
}

/// Otherwise a wait hangs at the ceiling during a shutdown. The worker that waits for the
/// end of the pool does not run what is queued.
#[test]
fn a_wait_for_what_nobody_is_left_to_run_is_told_during_the_end() {
    within(|| {
        let pool = pool_of_two();
        let own = pool.clone();
        let (start, started) = mpsc::channel::<()>();
        let shutting = pool.run(move || {
            started.recv().unwrap();
            own.shutdown(Duration::MAX).wait()
        });
        let shutting = shutting.start();
        let (tell, told) = oneshot::channel::<()>();
        let waiting = pool.run(move || try_wait(told)).start();
        let unrelated = pool.run(move || tell.send(())).start();
        start.send(()).unwrap();
        assert_eq!(wait(waiting), Err(WaitError::Exhausted));
        let _nobody_listens = wait(unrelated);
        let report = wait(shutting);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Otherwise two jobs that both shut down their pool hang. Both are parked, and neither
/// runs what is queued.
#[test]
fn the_last_of_two_jobs_that_end_their_pool_gives_up() {
    within(|| {
        let pool = pool_of_two();
        let shutting = [(); 2].map(|()| {
            let own = pool.clone();
            let (start, started) = mpsc::channel::<()>();
            let job = pool.run(move || {
                started.recv().unwrap();
                own.shutdown(Duration::MAX).wait()
            });
            (job.start(), start)
        });
        let unrelated = pool.run(|| ()).start();
        let [first, second] = shutting.map(|(job, start)| {
            start.send(()).unwrap();
            job
        });
        let outcome = wait(unrelated.outcome());
        assert!(
            matches!(outcome, Err(OffloadError::ShutDown { .. })),
            "{outcome:?}"
        );
        assert_eq!(wait(second).abandoned, 1);
        // The first job gets a report or the error `ShutDown`, depending on which wait
        // came first.
        let _over = wait(first.outcome());
    });
}

/// Otherwise two pools hang: at the ceiling of a pool, one of its jobs shuts another pool
/// down, and the last job of that pool needs the first pool.
#[test]
fn a_job_that_shuts_another_pool_down_is_parked_like_any() {
    within(|| {
        let (pool, other) = (pool_of_two(), pool(1, 8));
        let (here, there) = (pool.clone(), other.clone());
        let (release, held) = mpsc::channel::<()>();
        let (tell, told) = oneshot::channel();
        let last = other.run(move || {
            held.recv().unwrap();
            let five = wait(here.run(|| 5));
            let _nobody_listens = tell.send(());
            five
        });
        let last = last.start();
        let shutting = pool
            .run(move || there.shutdown(Duration::MAX).wait())
            .start();
        let waiting = pool.run(move || {
            release.send(()).unwrap();
            try_wait(told)
        });
        assert_eq!(wait(waiting), Err(WaitError::Exhausted));
        assert_eq!(wait(last), 5);
        assert_eq!(wait(shutting).running.len(), 0);
    });
}

/// Otherwise two pools hang. The wait that parked last sees nothing until the other pool
/// has ended, so the other wait must be refused.
#[test]
fn a_job_that_shuts_another_pool_down_is_not_the_one_who_is_told() {
    within(|| {
        let (pool, other) = (pool_of_two(), pool(1, 8));
        let (here, there) = (pool.clone(), other.clone());
        let last = other.run(move || {
            eventually("both are parked", || here.metrics().blocked == 2);
            wait(here.run(|| 5))
        });
        let last = last.start();
        let inner = pool.clone();
        let outcome = wait(pool.run(move || {
            let shutting = inner.run(move || there.shutdown(Duration::MAX).wait());
            try_wait(shutting).map(|report| report.running.len())
        }));
        assert_eq!(outcome, Err(WaitError::Exhausted));
        assert_eq!(wait(last), 5);
    });
}

/// Otherwise a shutdown hangs. The pool has stood still for a second, and lends a job to the
/// worker that waits for the end. That worker runs nothing until then.
#[test]
fn a_job_that_shuts_its_pool_down_is_lent_nothing() {
    within(|| {
        let pool = pool_of_two();
        let own = pool.clone();
        let (start, started) = oneshot::channel();
        let shutting = pool.run(move || {
            // This parks, so that the other job starts.
            wait(started).unwrap();
            let below = own.run(|| 7).start();
            (own.shutdown(Duration::MAX).wait(), wait(below))
        });
        let shutting = shutting.start();
        let (release, held) = mpsc::channel::<()>();
        let other = pool.run(move || {
            start.send(()).unwrap();
            held.recv().is_err()
        });
        let other = other.start();
        thread::sleep(Duration::from_secs(2));
        drop(release);
        assert!(wait(other));
        let (report, seven) = wait(shutting);
        assert_eq!((report.abandoned, report.running.len(), seven), (0, 0, 7));
    });
}
