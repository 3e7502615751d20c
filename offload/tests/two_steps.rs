//! A shutdown tells running jobs to stop, and waits for them without blocking an
//! executor.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    panic::Location,
    sync::mpsc,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{OffloadError, Pool, cancelled};
use common::{eventually, plug, pool, wait};
use testkit::within;

/// Far longer than any step of a test takes.
const LONG: Duration = Duration::from_secs(20);

fn with_cancel_grace(threads: usize, grace: Duration) -> Pool {
    Pool::builder()
        .max_threads(threads)
        .cancel_grace(grace)
        .build()
        .unwrap()
}

/// A job that stops as soon as it is told to, and returns whether it was.
fn polite() -> bool {
    let start = Instant::now();
    while !cancelled() && start.elapsed() < LONG {
        thread::sleep(Duration::from_millis(1));
    }
    cancelled()
}

#[test]
fn polite_jobs_are_told_after_the_grace_and_their_callers_get_the_result() {
    within(|| {
        let pool = with_cancel_grace(2, LONG);
        let jobs: Vec<_> = (0..2).map(|_| pool.run(polite).start()).collect();
        eventually("both run", || pool.metrics().running == 2);
        let queued = pool.run(|| ()).start();
        let report = pool.shutdown(Duration::from_millis(20)).wait();
        assert_eq!((report.completed, report.abandoned), (0, 1));
        assert_eq!((report.cancelled, report.running), (2, vec![]));
        for job in jobs {
            assert!(wait(job.outcome()).unwrap(), "it was told");
        }
        let outcome = wait(queued.outcome());
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        let metrics = pool.metrics();
        assert_eq!((metrics.completed, metrics.cancelled), (2, 1));
    });
}

#[test]
fn jobs_that_end_within_the_grace_are_not_told() {
    within(|| {
        let pool = pool(1, 8);
        let job = pool.run(|| {
            thread::sleep(Duration::from_millis(20));
            cancelled()
        });
        let job = job.start();
        let report = pool.shutdown(LONG).wait();
        assert_eq!((report.completed, report.cancelled), (1, 0));
        assert!(!wait(job), "nobody told it");
    });
}

#[test]
fn what_still_runs_is_named_with_its_age() {
    within(|| {
        let pool = with_cancel_grace(1, Duration::from_millis(10));
        // The jobs before it share a reading of the clock.
        for _ in 0..100 {
            wait(pool.run(|| ()));
        }
        let (job, release) = plug(&pool);
        thread::sleep(Duration::from_millis(300));
        let report = pool.shutdown(Duration::from_millis(10)).wait();
        assert_eq!(report.running.len(), 1);
        let left = report.running[0];
        let (least, most) = (Duration::from_millis(290), LONG);
        assert!((least..most).contains(&left.age), "{left}");
        assert!(left.at.file().ends_with("common/mod.rs"), "{left}");
        let text = left.to_string();
        assert!(text.starts_with(&left.at.to_string()), "{text}");
        let outcome = wait(job.outcome());
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        drop(release);
    });
}

/// Otherwise the report gives an age that includes the time that the worker slept.
#[test]
fn an_age_does_not_include_idle_time_before_it() {
    within(|| {
        let pool = with_cancel_grace(1, Duration::ZERO);
        // These jobs share a reading of the clock, and the last one could pass it on.
        for _ in 0..100 {
            wait(pool.run(|| ()));
        }
        thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        let (job, release) = plug(&pool);
        let report = pool.shutdown(Duration::ZERO).wait();
        // An age has steps of ten milliseconds at both of its ends.
        let most = start.elapsed() + Duration::from_millis(20);
        assert!(report.running[0].age <= most, "{}", report.running[0]);
        drop((job, release));
    });
}

/// Otherwise an age includes the time for which the worker looked for the job.
#[test]
fn an_age_does_not_include_the_spin_before_it() {
    within(|| {
        let builder = Pool::builder().max_threads(1).spin(LONG);
        let pool = builder.build().unwrap();
        // A worker does not spin on a busy machine, so there are several rounds.
        for _ in 0..10 {
            for _ in 0..100 {
                wait(pool.run(|| ()));
            }
            thread::sleep(Duration::from_millis(100));
            let start = Instant::now();
            let (job, release) = plug(&pool);
            let report = pool.report();
            let most = start.elapsed() + Duration::from_millis(20);
            let age = report.jobs()[0].age();
            assert!(age.is_some_and(|age| age <= most), "{report}");
            drop(release);
            wait(job);
        }
    });
}

/// Otherwise the report gives an age that includes long jobs before it. A worker that
/// runs long jobs must read the clock for each of them.
#[test]
fn an_age_does_not_include_long_jobs_before_it() {
    within(|| {
        let pool = with_cancel_grace(1, Duration::ZERO);
        let before: Vec<_> = (0..10)
            .map(|_| {
                pool.run(|| thread::sleep(Duration::from_millis(100)))
                    .start()
            })
            .collect();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let at = Location::caller().line() + 1;
        let stuck = pool.run(move || {
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let stuck = stuck.start();
        before.into_iter().for_each(wait);
        started.recv().unwrap();
        let report = pool.shutdown(Duration::ZERO).wait();
        let left = report.running[0];
        // All jobs before it together take a second.
        let most = Duration::from_millis(900);
        assert!(left.age < most, "{left}");
        assert_eq!(left.at.line(), at);
        drop((release, stuck));
    });
}

#[test]
fn an_awaited_shutdown_does_not_block_the_poll() {
    within(|| {
        let pool = pool(1, 8);
        let (job, release) = plug(&pool);
        let mut ending = Box::pin(pool.shutdown(LONG));
        let mut cx = Context::from_waker(Waker::noop());
        let before = Instant::now();
        assert!(ending.as_mut().poll(&mut cx).is_pending());
        assert!(before.elapsed() < LONG / 2, "the poll has blocked");
        assert!(pool.try_run(|| ()).unwrap_err().is_shut_down());
        drop(release);
        let report = wait(ending);
        assert_eq!((report.completed, report.running), (1, vec![]));
        wait(job);
    });
}

#[test]
fn a_shutdown_is_lazy_and_goes_on_without_its_future() {
    within(|| {
        let pool = with_cancel_grace(1, LONG);
        drop(pool.shutdown(Duration::ZERO));
        assert_eq!(wait(pool.run(|| 1)), 1, "nothing has happened");
        let job = pool.run(polite).start();
        eventually("it runs", || pool.metrics().running == 1);
        let mut ending = Box::pin(pool.shutdown(Duration::from_millis(10)));
        wait(poll_fn(|cx| {
            let _pending = ending.as_mut().poll(cx);
            Poll::Ready(())
        }));
        drop(ending);
        assert!(wait(job), "it was told all the same");
    });
}

/// Otherwise a job that awaits the shutdown of its own pool hangs.
#[test]
fn a_job_may_await_the_end_of_its_own_pool() {
    within(|| {
        let pool = pool(2, 8);
        let own = pool.clone();
        let report = wait(pool.run(move || {
            let queued = own.run(|| 7).start();
            let report = wait(async { own.shutdown(LONG).await });
            (report, wait(queued))
        }));
        assert_eq!((report.0.running, report.1), (vec![], 7));
    });
}

/// Otherwise a parked job whose work was abandoned does not learn of it in time.
#[test]
fn a_job_that_waits_for_what_was_queued_ends_within_the_cancel_grace() {
    within(|| {
        let pool = with_cancel_grace(1, LONG);
        let (blocker, release) = plug(&pool);
        let (told, tell) = mpsc::channel();
        let own = pool.clone();
        let waits = thread::spawn(move || {
            let outcome = wait(own.run(|| ()).outcome());
            tell.recv().ok();
            outcome
        });
        eventually("it is queued", || pool.metrics().queued == 1);
        let ending = thread::spawn({
            let pool = pool.clone();
            move || pool.shutdown(Duration::from_millis(10)).wait()
        });
        eventually("it was abandoned", || pool.metrics().cancelled == 1);
        told.send(()).unwrap();
        let outcome = waits.join().unwrap();
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        drop(release);
        assert_eq!(ending.join().unwrap().cancelled, 1);
        wait(blocker);
    });
}

/// A job that has shut its pool down is left out of a shutdown by another job. Otherwise the
/// report counts it as a job that was told to stop, if it ends in the cancel grace.
#[test]
fn a_job_that_is_left_out_counts_as_nothing() {
    within(|| {
        let pool = with_cancel_grace(3, Duration::from_millis(300));
        let (stuck, release) = plug(&pool);
        let (second_own, (begin, may_begin)) = (pool.clone(), mpsc::channel::<()>());
        let (tell, told) = mpsc::channel();
        let second = pool.run(move || {
            may_begin.recv().unwrap();
            let report = second_own.shutdown(Duration::ZERO).wait();
            tell.send((report.cancelled, report.abandoned, report.running.len()))
                .unwrap();
        });
        let second = second.start();
        let own = pool.clone();
        let first = pool.run(move || {
            assert_eq!(own.shutdown(Duration::ZERO).wait().running.len(), 2);
            begin.send(()).unwrap();
            eventually("the second one waits", || own.metrics().blocked == 1);
            thread::sleep(Duration::from_millis(50));
        });
        wait(first.start());
        assert_eq!(told.recv(), Ok((0, 0, 1)));
        drop((release, stuck, second));
    });
}

/// Otherwise the second of two shutdowns waits for its whole cancel grace.
#[test]
fn two_shutdowns_hear_of_the_end_of_the_last_job() {
    within(|| {
        let pool = with_cancel_grace(1, Duration::MAX);
        let (plugged, release) = plug(&pool);
        let shutdown = || {
            let shutdown = pool.shutdown(Duration::ZERO);
            thread::spawn(move || shutdown.wait())
        };
        let both = [shutdown(), shutdown()];
        // By then they wait, usually.
        thread::sleep(Duration::from_millis(50));
        drop(release);
        for shutdown in both {
            assert_eq!(shutdown.join().unwrap().running, []);
        }
        wait(plugged);
    });
}

/// Otherwise a job that blocks for what a queued job has captured uses up the cancel grace.
#[test]
fn captures_of_queued_jobs_are_dropped_before_the_cancel_grace() {
    within(|| {
        let pool = with_cancel_grace(1, Duration::MAX);
        let (job, release) = plug(&pool);
        let queued = pool.run(move || drop(release)).start();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.cancelled), (1, 1));
        wait(job);
        assert!(wait(queued.outcome()).is_err());
    });
}

/// Otherwise a job that shuts another pool down hangs, if a job of that pool needs the permit
/// before it stops.
#[test]
fn a_job_that_waits_for_told_jobs_of_another_pool_frees_its_permit() {
    within(|| {
        let (pool, other) = (pool(1, 8), with_cancel_grace(1, Duration::MAX));
        let own = pool.clone();
        let told = other.run(move || (polite(), wait(own.run(|| 7))));
        let told = told.start();
        eventually("it runs", || other.metrics().running == 1);
        let report = wait(pool.run(move || other.shutdown(Duration::ZERO).wait()));
        assert_eq!((report.cancelled, report.running.len()), (1, 0));
        assert_eq!(wait(told), (true, 7));
    });
}
