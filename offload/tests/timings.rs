//! Checks what a pool measures of its jobs: how long they are queued, and how long they
//! run.

mod common;

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{Builder, Pool, Timing};
use common::wait;
use pollster::block_on;
use testkit::within;

const PAUSE: Duration = Duration::from_millis(30);

fn builder() -> Builder {
    Pool::builder().max_threads(1).timings(true)
}

/// Returns how long the jobs of a pool were queued, and how long they ran.
fn timings(pool: &Pool) -> (Timing, Timing) {
    let metrics = pool.metrics();
    metrics.queued_for.zip(metrics.ran_for).unwrap()
}

#[test]
fn a_pool_measures_nothing_unasked() {
    within(|| {
        let pool = Pool::new();
        block_on(pool.run(|| ()));
        let metrics = pool.metrics();
        assert_eq!((metrics.queued_for, metrics.ran_for), (None, None));
    });
}

/// Each caller looks as soon as it has the result, which is before the worker looks for
/// another job.
#[test]
fn a_job_is_measured_before_its_caller_sees_the_result() {
    within(|| {
        let pool = builder().build().unwrap();
        for count in 1..=2_000 {
            block_on(pool.run(|| ()));
            let (queued, ran) = timings(&pool);
            assert_eq!((queued.count, ran.count), (count, count));
        }
    });
}

#[test]
fn jobs_that_panic_count_and_jobs_that_never_ran_do_not() {
    within(|| {
        let pool = builder().build().unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let plug = pool.run(move || gate.recv().is_err()).start();
        drop(pool.run(|| ()).start());
        let panics = pool.run(|| panic!("on purpose")).start();
        drop(open);
        block_on(plug);
        assert!(block_on(panics.outcome()).is_err());
        assert_eq!(timings(&pool).1.count, 2);
    });
}

/// One worker runs the jobs one after the other, so they run no longer than the test.
#[test]
fn time_in_the_queue_and_time_on_a_worker_are_kept_apart() {
    within(|| {
        let began = Instant::now();
        let pool = builder().build().unwrap();
        let first = pool.run(|| thread::sleep(PAUSE)).start();
        let behind: Vec<_> = (0..20).map(|_| pool.run(|| ()).start()).collect();
        let submitted = began.elapsed();
        block_on(first);
        behind.into_iter().for_each(block_on);
        let (queued, ran) = timings(&pool);
        let test = began.elapsed();
        assert_eq!((queued.count, ran.count), (21, 21));
        assert!(ran.max >= PAUSE, "{ran:?}");
        assert!(ran.mean * 21 <= test, "{ran:?} in {test:?}");
        // The jobs behind were queued while the first one slept.
        let least = PAUSE.saturating_sub(submitted);
        assert!(queued.p50 >= least * 31 / 32, "{queued:?}, not {least:?}");
    });
}

/// Otherwise the time in the queue includes the time that the job runs.
#[test]
fn a_job_that_runs_is_not_queued_meanwhile() {
    within(|| {
        let pool = builder().build().unwrap();
        let submitted = Instant::now();
        let begun = block_on(pool.run(|| {
            let begun = Instant::now();
            thread::sleep(PAUSE);
            begun
        }));
        let (queued, ran) = timings(&pool);
        // Half a pause is far more than the two clocks can differ by.
        let most = begun - submitted + PAUSE / 2;
        assert!(queued.max <= most, "{queued:?}, {ran:?}, not {most:?}");
    });
}

/// While every permit is taken, a submitter leaves its job in the inbox.
#[test]
fn a_job_in_the_inbox_is_queued_from_its_submission_on() {
    within(|| {
        let pool = builder().build().unwrap();
        thread::sleep(PAUSE);
        let began = Instant::now();
        let (open, gate) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let plug = pool.run(move || {
            start.send(()).unwrap();
            gate.recv().is_err()
        });
        let plug = plug.start();
        started.recv().unwrap();
        let queued = pool.run(|| ()).start();
        drop(open);
        block_on(plug);
        block_on(queued);
        let (queued, _) = timings(&pool);
        // The pool is older than this test's jobs.
        let most = began.elapsed() + PAUSE / 2;
        assert!(queued.max <= most, "{queued:?}, not {most:?}");
    });
}

/// The histograms outlive the worker that has written them, and its stack's next worker
/// goes on with them.
#[test]
fn the_measurements_of_a_worker_that_has_retired_stay() {
    within(|| {
        let pool = builder()
            .keep_alive(Duration::from_millis(1))
            .build()
            .unwrap();
        for count in 1..=3 {
            block_on(pool.run(|| ()));
            while pool.metrics().threads > 0 {
                thread::yield_now();
            }
            assert_eq!(timings(&pool).0.count, count);
        }
    });
}

/// A worker that was lent a job measures it within the job that waits.
#[test]
fn a_lent_job_is_measured_too() {
    within(|| {
        let builder = builder().max_blocked_threads(1);
        let pool = builder.build().unwrap();
        let inner = pool.clone();
        let outer = pool.run(move || {
            // The one added worker is blocked too, so the second job is lent.
            let (open, gate) = mpsc::channel::<()>();
            let blocks = inner.run(move || gate.recv().is_err()).start();
            let lent = inner.run(|| thread::sleep(PAUSE)).start();
            wait(async move {
                lent.await;
                drop(open);
                blocks.await
            })
        });
        assert!(block_on(outer));
        let (_, ran) = timings(&pool);
        assert_eq!(ran.count, 3);
        assert!(ran.p50 >= PAUSE * 31 / 32, "each took so long: {ran:?}");
    });
}
