//! Checks the shutdown of a bridge, awaited and waited for.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Waker},
    thread,
    time::{Duration, Instant},
};

use bridge::{
    Bridge, OffloadError, Rejected, WaitError,
    offload::{Shutdown, cancelled},
};
use testkit::{panic_text, within};
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
            let bridge = Bridge::builder().worker_threads(1).name("reported");
            let bridge = bridge.build().unwrap();
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
            let report = if awaited {
                let runtime = Builder::new_current_thread().build().unwrap();
                runtime.block_on(bridge.shutdown(LONG))
            } else {
                bridge.shutdown(LONG).wait()
            };
            assert_eq!(report.pool.as_str(), Some("reported"), "awaited: {awaited}");
            assert!(done.load(Ordering::SeqCst), "awaited: {awaited}");
            let error = bridge.try_wait(async {}).unwrap_err();
            assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
        }
    });
}

/// Otherwise a shutdown in a task loses what home's blocking threads still do.
#[test]
fn in_async_code_home_is_waited_for_too() {
    fn current_thread() -> Runtime {
        Builder::new_current_thread().build().unwrap()
    }
    reports("another executor", |bridge| {
        let shuts_down = bridge::in_async(async { bridge.shutdown(LONG).wait() });
        Some(futures::executor::block_on(shuts_down))
    });
    reports("a root", |bridge| {
        Some(current_thread().block_on(async { bridge.shutdown(LONG).wait() }))
    });
    // Only Tokio knows this root: it has no budget, and another thread drives its runtime.
    // Tokio objects with a panic, and its backtrace takes a while.
    reports_after(Duration::from_secs(1), "the second root", |bridge| {
        let runtime = current_thread();
        let (start, started) = mpsc::channel();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        thread::scope(|scope| {
            let first = async move {
                start.send(()).unwrap();
                released.await.is_err()
            };
            scope.spawn(|| runtime.block_on(first));
            started.recv().unwrap();
            let shuts_down = tokio::task::unconstrained(async { bridge.shutdown(LONG).wait() });
            let report = runtime.block_on(shuts_down);
            drop(release);
            Some(report)
        })
    });
    reports("a task", |bridge| {
        let own = bridge.clone();
        let task = async move { own.shutdown(LONG).wait() };
        let runtime = current_thread();
        runtime.block_on(runtime.spawn(task)).ok()
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
fn one_that_was_polled_must_be_awaited() {
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let job = bridge.offload(move || held.recv().is_err()).start();
        let mut shutdown = bridge.shutdown(LONG);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut shutdown).poll(&mut cx).is_pending());
        let waits = AssertUnwindSafe(|| shutdown.wait());
        let payload = catch_unwind(waits).unwrap_err();
        assert!(panic_text(&*payload).contains("must be awaited"));
        drop(release);
        assert!(bridge.wait(job));
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

/// Starts a blocking task of home that goes on for `time` after a shutdown has closed home.
/// Returns whether the task is done.
fn blocking_task(bridge: &Bridge, time: Duration) -> Arc<AtomicBool> {
    let done = Arc::new(AtomicBool::new(false));
    let (start, started) = mpsc::channel();
    let (does, own) = (Arc::clone(&done), bridge.clone());
    bridge.handle().unwrap().spawn_blocking(move || {
        start.send(()).unwrap();
        while own.handle().is_ok() {
            thread::yield_now();
        }
        thread::sleep(time);
        does.store(true, Ordering::SeqCst);
    });
    started.recv().unwrap();
    done
}

/// Shuts a bridge down in `form`, with a blocking task on home that has to finish before.
fn reports(name: &str, form: impl FnOnce(&Bridge) -> Option<Shutdown> + Send + 'static) {
    reports_after(Duration::from_millis(100), name, form);
}

/// Like [`reports`], with a blocking task that takes `time`.
fn reports_after(
    time: Duration,
    name: &str,
    form: impl FnOnce(&Bridge) -> Option<Shutdown> + Send + 'static,
) {
    let name = name.to_owned();
    within(move || {
        let bridge = Bridge::builder().worker_threads(2).build().unwrap();
        assert_eq!(bridge.wait(bridge.offload(|| 7)), 7);
        let done = blocking_task(&bridge, time);
        let own = bridge.clone();
        let is_open = move || !matches!(own.try_offload(|| ()), Err(Rejected::ShutDown { .. }));
        let until_it_begins = move || while is_open() {};
        bridge.offload(until_it_begins).detach();
        let report = form(&bridge).unwrap_or_else(|| panic!("{name}: the report is lost"));
        assert!(report.completed > 0, "{name}");
        let is_done = done.load(Ordering::SeqCst);
        assert!(is_done, "{name}: home was not waited for");
        let error = bridge.try_wait(async {}).unwrap_err();
        assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
    });
}

/// Otherwise the wait rests on the home runtime that it ends, and the report is lost.
#[test]
fn a_wait_on_home_that_awaits_it_reports() {
    reports("wait", |bridge| bridge.try_wait(bridge.shutdown(LONG)).ok());
    reports("wait_timeout", |bridge| {
        bridge.wait_timeout(bridge.shutdown(LONG), LONG).ok()
    });
    reports("in a block", |bridge| {
        let work = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert_eq!(bridge.offload(|| 7).await, 7);
            bridge.shutdown(LONG).await
        };
        bridge.try_wait(work).ok()
    });
    reports("nested", |bridge| {
        let wait = || bridge.try_wait(bridge.shutdown(LONG)).ok();
        bridge.try_wait(async { wait() }).ok().flatten()
    });
    reports("under the guard", |bridge| {
        let _entered = bridge.enter();
        bridge.try_wait(bridge.shutdown(LONG)).ok()
    });
    // Tokio refuses the first attempt by a panic, whose backtrace may take a while.
    reports_after(Duration::from_secs(2), "frozen", |bridge| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { bridge.try_wait_frozen(bridge.shutdown(LONG)).ok() })
    });
}

/// Otherwise such a thread waits for its own end for the rest of the grace.
#[test]
fn a_thread_of_home_does_not_wait_for_itself() {
    fn on_home(
        bridge: &Bridge,
        shuts_down: impl FnOnce(Bridge) -> Option<Shutdown> + Send + 'static,
    ) -> Option<Shutdown> {
        let (tell, told) = mpsc::channel();
        let own = bridge.clone();
        let body = move || tell.send(shuts_down(own)).unwrap();
        bridge.handle().unwrap().spawn_blocking(body);
        told.recv().unwrap()
    }

    reports("blocking", |bridge| {
        on_home(bridge, |own| Some(own.shutdown(Duration::MAX).wait()))
    });
    reports("a wait", |bridge| {
        on_home(bridge, |own| own.try_wait(own.shutdown(Duration::MAX)).ok())
    });
    reports("another executor", |bridge| {
        on_home(bridge, |own| {
            Some(futures::executor::block_on(own.shutdown(Duration::MAX)))
        })
    });
    reports("block_in_place", |bridge| {
        let (tell, told) = mpsc::channel();
        let own = bridge.clone();
        bridge.handle().unwrap().spawn(async move {
            let shuts_down = || own.shutdown(Duration::MAX).wait();
            tell.send(tokio::task::block_in_place(shuts_down)).unwrap();
        });
        told.recv().ok()
    });
    reports("a task that waits", |bridge| {
        let (tell, told) = mpsc::channel();
        let own = bridge.clone();
        bridge.handle().unwrap().spawn(async move {
            let report = own.try_wait(own.shutdown(Duration::MAX)).ok();
            tell.send(report).unwrap();
        });
        told.recv().ok().flatten()
    });
}

/// Otherwise a task of home that shuts its bridge down waits for its whole grace: home drops no
/// task before this one goes on, and its threads wait for such a task.
#[test]
fn a_task_of_home_does_not_wait_for_home() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let home = bridge.handle().unwrap();
        let (keep, kept) = tokio::sync::oneshot::channel::<()>();
        let holds = home.spawn(async move {
            let _keep = keep;
            std::future::pending::<()>().await;
        });
        let on_home = home.clone();
        let (start, started) = mpsc::channel();
        let blocked = home.spawn_blocking(move || {
            start.send(()).unwrap();
            on_home.block_on(kept)
        });
        started.recv().unwrap();
        let (tell, told) = mpsc::channel();
        let own = bridge.clone();
        let shuts_down =
            home.spawn(async move { tell.send(own.shutdown(Duration::MAX).wait()).unwrap() });
        assert_eq!(told.recv().unwrap().running.len(), 0);
        drop((holds, blocked, shuts_down));
    });
}
