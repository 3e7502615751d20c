//! Checks the shutdown of a bridge, awaited and waited for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use bridge::{Bridge, OffloadError, WaitError, offload::cancelled};
use testkit::within;
use tokio::runtime::{Builder, Runtime};

/// Far longer than any step of a test takes.
const LONG: Duration = Duration::from_secs(20);

/// Stops when the pool cancels it. Returns whether that happened.
fn polite() -> bool {
    let start = Instant::now();
    while !cancelled() && start.elapsed() < LONG {
        thread::sleep(Duration::from_millis(1));
    }
    cancelled()
}

#[test]
fn a_server_awaits_it_while_its_other_tasks_go_on() {
    within(|| {
        let bridge = Bridge::builder()
            .max_threads(1)
            .cancel_grace(LONG)
            .build()
            .unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (report, answer, ticks) = runtime.block_on(async {
            let ticks = Arc::new(AtomicUsize::new(0));
            let job = bridge.offload(polite).start();
            while bridge.metrics().running == 0 {
                tokio::task::yield_now().await;
            }
            let counted = Arc::clone(&ticks);
            let others = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            });
            let report = bridge.shutdown(Duration::from_millis(100)).await;
            others.abort();
            (report, job.await, ticks.load(Ordering::Relaxed))
        });
        assert_eq!((report.cancelled, report.running), (1, vec![]));
        assert!(answer, "the job was told, and its caller got the value");
        assert!(ticks > 1, "the executor stood still");
    });
}

/// Otherwise a shutdown would lose what home's blocking threads still do.
#[test]
fn home_is_waited_for_in_both_forms() {
    within(|| {
        for awaited in [false, true] {
            let bridge = Bridge::builder().worker_threads(1).build().unwrap();
            let done = Arc::new(AtomicBool::new(false));
            let (start, started) = mpsc::channel();
            let does = Arc::clone(&done);
            bridge.wait(async {
                tokio::task::spawn_blocking(move || {
                    start.send(()).unwrap();
                    thread::sleep(Duration::from_millis(100));
                    does.store(true, Ordering::SeqCst);
                });
            });
            started.recv().unwrap();
            if awaited {
                let runtime = Builder::new_current_thread().build().unwrap();
                let _report = runtime.block_on(bridge.shutdown(LONG));
            } else {
                let _report = bridge.shutdown(LONG).wait();
            }
            assert!(done.load(Ordering::SeqCst), "awaited: {awaited}");
            let error = bridge.try_wait(async {}).unwrap_err();
            assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
        }
    });
}

/// A job and a blocking task are stuck. Each takes the grace, or what is left of it.
#[test]
fn home_gets_what_the_pool_left_of_the_grace() {
    const GRACE: Duration = Duration::from_millis(500);
    within(|| {
        let is_in_time = |awaited| {
            let bridge = Bridge::builder()
                .max_threads(1)
                .worker_threads(1)
                .cancel_grace(Duration::ZERO)
                .build()
                .unwrap();
            let stuck = || {
                let (release, held) = mpsc::channel::<()>();
                let (start, started) = mpsc::channel();
                let body = move || {
                    start.send(()).unwrap();
                    let _released = held.recv();
                };
                (body, started, release)
            };
            let (job, job_started, _release_job) = stuck();
            let _running = bridge.offload(job).start();
            let (task, task_started, _release_task) = stuck();
            bridge.wait(async { drop(tokio::task::spawn_blocking(task)) });
            job_started.recv().unwrap();
            task_started.recv().unwrap();
            let start = Instant::now();
            if awaited {
                let runtime = Builder::new_current_thread().build().unwrap();
                let _report = runtime.block_on(bridge.shutdown(GRACE));
            } else {
                let _report = bridge.shutdown(GRACE).wait();
            }
            let elapsed = start.elapsed();
            assert!(elapsed >= GRACE, "{elapsed:?}");
            elapsed < 2 * GRACE
        };
        for awaited in [false, true] {
            // A busy machine may be late, but not each time.
            assert!((0..8).any(|_| is_in_time(awaited)), "awaited: {awaited}");
        }
    });
}

#[test]
fn it_names_what_still_runs() {
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let line = line!() + 1;
        let job = bridge.offload(move || {
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        started.recv().unwrap();
        let report = bridge.shutdown(Duration::from_millis(10)).wait();
        let places: Vec<_> = report.running.iter().map(|job| job.at.line()).collect();
        assert_eq!(places, [line]);
        let outcome = bridge::wait(job.outcome());
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        drop(release);
    });
}

#[test]
fn a_runtime_that_was_given_is_left_alone() {
    within(|| {
        let runtime = Runtime::new().unwrap();
        let bridge = Bridge::builder()
            .runtime(runtime.handle().clone())
            .build()
            .unwrap();
        assert_eq!(bridge.wait(async { 7 }), 7);
        let report = runtime.block_on(bridge.shutdown(LONG));
        assert!(report.running.is_empty());
        let error = bridge.try_wait(async {}).unwrap_err();
        assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
        assert_eq!(
            runtime.block_on(async { tokio::spawn(async { 8 }).await.unwrap() }),
            8
        );
    });
}

#[test]
fn nothing_happens_before_it_is_polled() {
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        drop(bridge.shutdown(LONG));
        assert_eq!(bridge.wait(bridge.offload(|| 7)), 7);
    });
}
