//! Bounds, panics, cancellation and shutdown.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{BuildError, Cancelled, OffloadError, Pool, Rejected, cancelled};
use common::{Gauge, wait};
use futures::{FutureExt, future::join_all};
use testkit::{panic_text, within};

fn pool(threads: usize, capacity: usize) -> Pool {
    Pool::builder()
        .max_threads(threads)
        .queue_capacity(capacity)
        .build()
        .unwrap()
}

/// Holds the only thread of a pool until it is let go.
fn plug(pool: &Pool) -> (bridge_offload::Offload<()>, mpsc::Sender<()>) {
    let (release, held) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let task = pool
        .try_run(move || {
            started.send(()).unwrap();
            let _released = held.recv();
        })
        .unwrap();
    running.recv().unwrap();
    (task, release)
}

/// Waits for what another thread is about to bring about.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "never came: {what}"
        );
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_job_gives_its_value() {
    within(|| assert_eq!(wait(Pool::new().run(|| 6 * 7)), 42));
}

#[test]
fn it_is_lazy_until_polled_or_started() {
    within(|| {
        let pool = Pool::new();
        let ran = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran);
        let mut task = pool.run(move || flag.store(true, Ordering::SeqCst));
        assert_eq!(pool.metrics().threads, 0);
        task.start();
        eventually("the started job runs", || ran.load(Ordering::SeqCst));
        wait(task);
    });
}

#[test]
fn no_more_jobs_run_at_a_time_than_there_are_threads() {
    within(|| {
        let pool = pool(3, 1024);
        let gauge = Arc::new(Gauge::default());
        let tasks = (0..60).map(|_| {
            let gauge = Arc::clone(&gauge);
            pool.run(move || gauge.hold(Duration::from_millis(2)))
        });
        wait(join_all(tasks));
        assert_eq!(gauge.peak(), 3);
        assert_eq!(pool.metrics().peak_threads, 3);
    });
}

#[test]
fn the_queue_is_bounded_and_gives_the_closure_back() {
    within(|| {
        let pool = pool(1, 2);
        let (plugged, release) = plug(&pool);
        let _first = pool.try_run(|| 1).unwrap();
        let _second = pool.try_run(|| 2).unwrap();
        let rejected = pool.try_run(|| 3).unwrap_err();
        assert!(rejected.is_full(), "{rejected:?}");
        assert_eq!(rejected.into_inner()(), 3);
        assert_eq!((pool.metrics().queued, pool.metrics().rejected), (2, 1));
        drop(release);
        wait(plugged);
    });
}

#[test]
fn those_who_wait_for_room_are_served_in_order() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let (order, served) = mpsc::channel();
        let mut tasks: Vec<_> = (0..50)
            .map(|n| {
                let order = order.clone();
                pool.run(move || order.send(n).unwrap())
            })
            .collect();
        for task in &mut tasks {
            task.start();
        }
        assert_eq!((pool.metrics().queued, pool.metrics().in_line), (1, 49));
        drop(release);
        wait(plugged);
        wait(join_all(tasks));
        drop(order);
        assert_eq!(
            served.iter().collect::<Vec<_>>(),
            (0..50).collect::<Vec<_>>()
        );
    });
}

#[test]
fn a_timed_admission_gives_the_closure_back() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let _queued = pool.try_run(|| ()).unwrap();
        let at_once = std::future::ready(());
        let rejected = wait(pool.run_unless(|| 5, at_once)).unwrap_err();
        assert!(matches!(&rejected, Rejected::TimedOut(_)));
        assert_eq!(rejected.into_inner()(), 5);
        drop(release);
        wait(plugged);
        assert_eq!(
            wait(pool.run_unless(|| 6, std::future::pending())).ok(),
            Some(6)
        );
    });
}

#[test]
fn a_panic_of_any_payload_reaches_the_awaiter() {
    within(|| {
        let pool = pool(1, 8);
        let payload =
            catch_unwind(AssertUnwindSafe(|| wait(pool.run(|| panic_any(7_u8))))).unwrap_err();
        assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
        let outcome = wait(pool.run(|| panic!("text")).outcome());
        let Err(OffloadError::Panicked(panic)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(panic.text(), "text");
        eventually("both panics are counted", || pool.metrics().panicked == 2);
        assert_eq!(wait(pool.run(|| "alive")), "alive");
        assert_eq!(pool.metrics().threads, 1);
    });
}

/// Panics when dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(thread::panicking(), "bomb");
    }
}

#[test]
fn a_result_that_panics_when_dropped_costs_no_thread() {
    within(|| {
        let pool = pool(1, 8);
        let (started, running) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let task = pool
            .try_run(move || {
                started.send(()).unwrap();
                let _released = held.recv();
                Bomb
            })
            .unwrap();
        running.recv().unwrap();
        drop(task);
        drop(release);
        eventually("the bomb has gone off", || pool.metrics().panicked == 1);
        assert_eq!(wait(pool.run(|| 1)), 1);
    });
}

#[test]
fn dropping_a_queued_job_withdraws_it_and_its_captures() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let captured = Arc::new(());
        let capture = Arc::clone(&captured);
        let ran = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran);
        let task = pool
            .try_run(move || {
                flag.store(true, Ordering::SeqCst);
                drop(capture);
            })
            .unwrap();
        drop(task);
        assert_eq!(
            Arc::strong_count(&captured),
            1,
            "the captures are dropped at once"
        );
        assert_eq!((pool.metrics().queued, pool.metrics().cancelled), (0, 1));
        drop(release);
        wait(plugged);
        wait(pool.run(|| ()));
        assert!(!ran.load(Ordering::SeqCst));
    });
}

#[test]
fn withdrawn_jobs_leave_no_memory_behind() {
    within(|| {
        let pool = pool(1, 16);
        let (plugged, release) = plug(&pool);
        for _ in 0..100_000 {
            drop(pool.try_run(|| ()).expect("the queue has room again"));
        }
        assert_eq!(pool.metrics().cancelled, 100_000);
        drop(release);
        wait(plugged);
    });
}

#[test]
fn cancel_tells_what_it_came_upon() {
    within(|| {
        let pool = pool(1, 8);
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = mpsc::channel();
        let mut runs = pool
            .try_run(move || {
                started.send(()).unwrap();
                let _released = held.recv();
                while !cancelled() {
                    thread::yield_now();
                }
                "early"
            })
            .unwrap();
        running.recv().unwrap();
        let mut queued = pool.try_run(|| ()).unwrap();
        assert_eq!(queued.cancel(), Cancelled::Withdrawn);
        assert!(matches!(
            wait(queued.outcome()),
            Err(OffloadError::Cancelled { .. })
        ));
        assert_eq!(runs.cancel(), Cancelled::Running);
        drop(release);
        eventually("the job has ended", || pool.metrics().completed == 1);
        assert_eq!(runs.cancel(), Cancelled::Finished);
        assert_eq!(wait(runs), "early");
        assert!(!cancelled(), "false outside of jobs");
    });
}

#[test]
fn a_dropped_job_keeps_its_permit_until_it_ends() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        drop(plugged);
        let mut next = pool.run(|| 1);
        next.start();
        thread::sleep(Duration::from_millis(20));
        assert_eq!((pool.metrics().running, pool.metrics().queued), (1, 1));
        drop(release);
        assert_eq!(wait(next), 1);
    });
}

#[test]
fn shutdown_runs_what_was_admitted() {
    within(|| {
        let pool = pool(1, 64);
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                pool.try_run(move || {
                    thread::sleep(Duration::from_millis(1));
                    n
                })
                .unwrap()
            })
            .collect();
        let report = pool.shutdown(Duration::from_secs(20));
        assert_eq!((report.abandoned, report.running), (0, 0));
        assert_eq!(wait(join_all(tasks)), (0..10).collect::<Vec<_>>());
        assert!(pool.try_run(|| ()).unwrap_err().is_shut_down());
        let outcome = wait(pool.run(|| ()).outcome());
        assert!(
            matches!(outcome, Err(OffloadError::ShutDown { .. })),
            "{outcome:?}"
        );
        eventually("the threads have ended", || pool.metrics().threads == 0);
    });
}

#[test]
fn shutdown_wakes_everyone_it_leaves_behind() {
    within(|| {
        let pool = pool(1, 1);
        let (running, release) = plug(&pool);
        let queued = pool.try_run(|| ()).unwrap();
        let mut in_line = pool.run(|| ());
        in_line.start();
        let awaiters = [running, queued, in_line].map(|task| {
            thread::spawn(move || {
                matches!(wait(task.outcome()), Err(OffloadError::ShutDown { .. }))
            })
        });
        let report = pool.shutdown(Duration::from_millis(10));
        assert_eq!(
            (report.completed, report.abandoned, report.running),
            (0, 1, 1)
        );
        for awaiter in awaiters {
            assert!(awaiter.join().unwrap());
        }
        drop(release);
        eventually("the thread has ended", || pool.metrics().threads == 0);
    });
}

#[test]
fn dropping_the_last_handle_runs_what_is_queued() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let task = pool.try_run(|| "ran").unwrap();
        drop(pool);
        drop(release);
        wait(plugged);
        assert_eq!(wait(task), "ran");
    });
}

#[test]
fn threads_retire_and_come_back() {
    within(|| {
        let stops = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&stops);
        let pool: Pool = Pool::builder()
            .keep_alive(Duration::from_millis(20))
            .on_thread_stop(move || {
                count.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        for round in 1..=3 {
            wait(pool.run(|| ()));
            eventually("the threads have retired", || pool.metrics().threads == 0);
            eventually("the hook has run", || stops.load(Ordering::SeqCst) == round);
        }
    });
}

#[test]
fn a_queued_job_gets_a_thread_while_permits_are_free() {
    within(|| {
        let pool = pool(8, 64);
        let all_in = Arc::new(std::sync::Barrier::new(8));
        // Eight jobs that only end together need eight threads.
        let tasks = (0..8).map(|_| {
            let all_in = Arc::clone(&all_in);
            pool.run(move || all_in.wait().is_leader())
        });
        wait(join_all(tasks));
    });
}

#[test]
fn a_storm_of_instant_jobs_starts_few_threads() {
    within(|| {
        let pool = pool(32, 16_384);
        let mut tasks: Vec<_> = (0..10_000).map(|_| pool.run(|| ())).collect();
        for task in &mut tasks {
            task.start();
        }
        wait(join_all(tasks));
        assert!(pool.metrics().peak_threads < 32, "{:?}", pool.metrics());
    });
}

#[test]
fn zero_is_refused_by_name() {
    for (builder, name) in [
        (
            Pool::<bridge_offload::Bare>::builder().max_threads(0),
            "max_threads",
        ),
        (
            Pool::builder().max_blocked_threads(0),
            "max_blocked_threads",
        ),
        (Pool::builder().queue_capacity(0), "queue_capacity"),
        (Pool::builder().stack_size(0), "stack_size"),
        (Pool::builder().keep_alive(Duration::ZERO), "keep_alive"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(
            matches!(error, BuildError::Zero { setting, .. } if setting == name),
            "{error}"
        );
    }
}

#[test]
fn an_error_names_the_callers_line() {
    within(|| {
        let pool = Pool::new();
        let _report = pool.shutdown(Duration::ZERO);
        let line = line!() + 1;
        let task = pool.run(|| ());
        let panic = catch_unwind(AssertUnwindSafe(|| wait(task))).unwrap_err();
        let text = panic_text(&*panic);
        assert!(text.contains(&format!("pool.rs:{line}")), "{text}");
    });
}

#[test]
fn awaiting_polls_no_more_than_needed() {
    within(|| {
        let task = Pool::new().run(|| 3);
        assert_eq!(wait(task.map(|n| n + 1)), 4);
    });
}
