//! Checks that each stall is reported once.
//!
//! This is a test target of its own, because it needs a subscriber for all
//! threads.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError, mpsc},
    thread,
    time::Duration,
};

use bridge::{Bridge, Pool, Wait, WaitError, wait, wait_frozen_timeout};
use testkit::within;
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::{LocalSet, block_in_place, spawn_blocking},
    time::sleep,
};
use tracing::{Event, Level, Metadata, Subscriber, field::Visit, span};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the text of each warning.
struct Keep;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        WARNINGS.lock().unwrap().push(text.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Clears the warnings and keeps those that follow, for one test at a time.
fn keep_all() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static ONCE: Once = Once::new();
    let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    ONCE.call_once(|| tracing::subscriber::set_global_default(Keep).unwrap());
    WARNINGS.lock().unwrap().clear();
    alone
}

/// Checks that there was one warning, that it has this text, and that it names a wait in this line.
#[track_caller]
fn assert_warned_once(text: &str, line: u32) {
    let warnings = WARNINGS.lock().unwrap();
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    let at = format!("at={}:{line}:", file!());
    for part in [text, &at, "future="] {
        assert!(warning.contains(part), "{part} is not in {warning}");
    }
}

fn one_worker(blocking_threads: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(blocking_threads)
        .enable_time()
        .build()
        .unwrap()
}

/// The worker's other tasks stand still until a blocking thread is free.
#[test]
fn a_worker_that_nobody_takes_over_is_reported_once() {
    within(|| {
        let _alone = keep_all();
        let runtime = one_worker(1);
        let (release, held) = mpsc::channel::<()>();
        let plug = runtime.spawn_blocking(move || held.recv().is_err());
        let waits = runtime.spawn(async { wait(tokio::spawn(async { 7 })).unwrap() });
        let line = line!() - 1;
        thread::sleep(Duration::from_millis(2500));
        assert_warned_once("max_blocking_threads", line);
        drop(release);
        assert_eq!(wait(waits).unwrap(), 7);
        assert!(wait(plug).unwrap());
        // A wait whose worker is taken over causes no warning, however long it
        // takes.
        let runtime = one_worker(2);
        let long = runtime.spawn(async { wait(sleep(Duration::from_secs(3))) });
        wait(long).unwrap();
        assert_eq!(WARNINGS.lock().unwrap().len(), 1);
    });
}

/// The wait needs a task of the executor that it freezes.
#[test]
fn a_wait_that_keeps_its_executor_frozen_is_reported_once() {
    within(|| {
        let _alone = keep_all();
        let runtime = Builder::new_current_thread().build().unwrap();
        let line = line!() + 3;
        let outcome = runtime.block_on(async {
            let task = tokio::spawn(async { 7 });
            wait_frozen_timeout(task, Duration::from_millis(2500))
        });
        let outcome = outcome.map(Result::unwrap);
        assert!(
            matches!(outcome, Err(WaitError::TimedOut { .. })),
            "{outcome:?}"
        );
        assert_warned_once("frozen for a second", line);
    });
}

/// The timers wake the wait many times a second.
#[test]
fn a_frozen_wait_that_goes_on_is_not_reported() {
    within(|| {
        let _alone = keep_all();
        let runtime = Builder::new_current_thread().build().unwrap();
        let outcome: Result<(), _> = runtime.block_on(async {
            let goes_on = async {
                loop {
                    sleep(Duration::from_millis(50)).await;
                }
            };
            wait_frozen_timeout(goes_on, Duration::from_millis(2500))
        });
        assert!(
            matches!(outcome, Err(WaitError::TimedOut { .. })),
            "{outcome:?}"
        );
        let warnings = WARNINGS.lock().unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
    });
}

/// The only blocking thread waits for another blocking thread.
#[test]
fn a_wait_for_a_blocking_thread_where_all_are_busy_is_reported_once() {
    within(|| {
        let _alone = keep_all();
        let runtime = one_worker(1);
        let line = line!() + 2;
        let waits = runtime
            .spawn_blocking(|| spawn_blocking(|| 7).wait_timeout(Duration::from_millis(2500)));
        let outcome = wait(waits).unwrap().map(Result::unwrap);
        assert!(
            matches!(outcome, Err(WaitError::TimedOut { .. })),
            "{outcome:?}"
        );
        assert_warned_once("max_blocking_threads", line);
    });
}

/// After its first wait, the thread of the task has no core.
#[test]
fn the_second_wait_of_a_task_is_reported_too() {
    within(|| {
        let _alone = keep_all();
        let runtime = one_worker(2);
        let (release, held) = mpsc::channel::<()>();
        let line = line!() + 10;
        let waits = runtime.spawn(async move {
            wait(tokio::spawn(async {})).unwrap();
            let (plug, plugged) = mpsc::channel();
            // The thread that took the worker over is the other blocking thread.
            drop(spawn_blocking(move || {
                plug.send(()).unwrap();
                held.recv().is_err()
            }));
            let _is_plugged = plugged.recv_timeout(Duration::from_millis(100));
            spawn_blocking(|| 7).wait_timeout(Duration::from_millis(2500))
        });
        let outcome = wait(waits).unwrap().map(Result::unwrap);
        assert!(
            matches!(outcome, Err(WaitError::TimedOut { .. })),
            "{outcome:?}"
        );
        drop(release);
        assert_warned_once("max_blocking_threads", line);
    });
}

/// The worker that drives the wait's timer blocks on a lock that the waiter
/// holds.
#[test]
fn a_wait_that_holds_what_the_workers_block_for_is_reported_once() {
    within(|| {
        let _alone = keep_all();
        let runtime = one_worker(4);
        let lock = Arc::new(Mutex::new(()));
        let (locked, other) = (mpsc::channel(), Arc::clone(&lock));
        let line = line!() + 5;
        let waits = runtime.spawn(async move {
            let _held = lock.lock().unwrap();
            locked.0.send(()).unwrap();
            // Long enough for the other task to block first.
            sleep(Duration::from_millis(500)).wait_timeout(Duration::from_millis(2500))
        });
        locked.1.recv().unwrap();
        let blocks = runtime.spawn(async move { drop(other.lock().unwrap()) });
        let outcome = wait(waits).unwrap();
        wait(blocks).unwrap();
        assert!(
            matches!(outcome, Err(WaitError::TimedOut { .. })),
            "{outcome:?}"
        );
        assert_warned_once("workers", line);
    });
}

/// Returns a bridge whose pool has one permit, and at most two threads.
fn small(builder: bridge::Builder) -> Bridge {
    let builder = builder.max_threads(1).max_blocked_threads(1);
    builder.build().unwrap()
}

/// Ends when its sender is dropped.
type Held = tokio::sync::watch::Receiver<()>;

fn block_while(held: &Held) {
    while held.has_changed().is_ok() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Returns the first warning of a pool in which a closure is queued behind so many closures of
/// this kind.
fn warning_behind(
    bridge: &Bridge,
    (release, held): (tokio::sync::watch::Sender<()>, Held),
    busy: usize,
    closure: fn(&Bridge, Held),
) -> String {
    WARNINGS.lock().unwrap().clear();
    let jobs: Vec<_> = (0..busy)
        .map(|_| {
            let (own, held) = (bridge.clone(), held.clone());
            bridge.offload(move || closure(&own, held)).start()
        })
        .collect();
    let queued = bridge.offload(|| ()).start();
    let warning = loop {
        if let Some(warning) = WARNINGS.lock().unwrap().first() {
            break warning.clone();
        }
        thread::sleep(Duration::from_millis(10));
    };
    drop(release);
    for job in jobs.into_iter().chain([queued]) {
        let _whatever_it_was = wait(job.outcome());
    }
    warning
}

/// Otherwise the advice of the warning is of no use, or makes things worse.
#[test]
fn a_pool_that_stands_still_says_why() {
    within(|| {
        let _alone = keep_all();
        let gate = || tokio::sync::watch::channel(());
        let computes: fn(&Bridge, Held) = |_, held| block_while(&held);
        let waits: fn(&Bridge, Held) = |own, mut held| {
            let _refused = own.try_wait(async move { held.changed().await });
        };

        let bridge = small(Bridge::builder());
        let own = bridge.clone();
        // The pool has a second thread then, which sleeps.
        bridge.wait(bridge.offload(move || own.wait(own.offload(|| ()))));
        let busy = warning_behind(&bridge, gate(), 1, computes);
        assert!(busy.contains("raise `max_threads`"), "{busy}");

        let parked = warning_behind(&small(Bridge::builder()), gate(), 2, waits);
        assert!(parked.contains("bridge::spawn"), "{parked}");
        assert!(!parked.contains("`max_threads`"), "{parked}");

        let (release, held) = gate();
        let blocks = held.clone();
        let slow = Bridge::builder().on_thread_start(move || block_while(&blocks));
        let starting = warning_behind(&small(slow), (release, held), 1, computes);
        assert!(starting.contains("on_thread_start"), "{starting}");
    });
}

/// Corner case: no probe distinguishes this task from a root that may park.
#[test]
fn a_local_set_in_a_blocking_section_of_a_task_is_reported_once() {
    within(|| {
        let _alone = keep_all();
        let runtime = one_worker(2);
        // Each thread has handed over once, in the wait of another task.
        for _ in 0..2 {
            let before = runtime.spawn(async { wait(tokio::spawn(async {})).unwrap() });
            wait(before).unwrap();
        }
        let line = line!() + 6;
        let task = runtime.spawn(async {
            block_in_place(|| {
                let set = LocalSet::new();
                let waits = set.run_until(async {
                    let never = std::future::pending::<()>();
                    let waits = async { never.wait_timeout(Duration::from_millis(1700)) };
                    tokio::task::spawn_local(waits).await.unwrap()
                });
                Handle::current().block_on(waits)
            })
        });
        let outcome = wait(task).unwrap();
        assert!(
            matches!(outcome, Err(WaitError::TimedOut { .. })),
            "{outcome:?}"
        );
        assert_warned_once("LocalSet", line);
    });
}

/// Otherwise a long wait that harms nobody would warn: a wait in a root, and a
/// wait in a task that has already handed its worker over.
#[test]
fn a_long_wait_that_harms_nobody_is_not_reported() {
    within(|| {
        let _alone = keep_all();
        // Longer than the probe of the threads takes, and one second more.
        let long = || wait(sleep(Duration::from_secs(3)));
        let runtime = one_worker(4);
        let in_task = runtime.spawn(async move {
            // This wait hands the core over to the thread that ran the spawned
            // task.
            wait(tokio::spawn(async {})).unwrap();
            long();
        });
        let root = move || Handle::current().block_on(async { long() });
        let in_blocking = runtime.spawn_blocking(root);
        runtime.block_on(async {
            long();
            in_task.await.unwrap();
            in_blocking.await.unwrap();
        });
        let warnings = WARNINGS.lock().unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
    });
}

/// The pool must warn although nobody submits another job.
#[test]
fn a_pool_that_stands_still_is_reported_once() {
    within(|| {
        let _alone = keep_all();
        let builder = Pool::builder().max_threads(1).name("db");
        let pool = builder.build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let plug = pool.try_run(move || held.recv().is_err()).unwrap();
        let waiting: Vec<_> = (0..3).map(|n| pool.run(move || n).start()).collect();
        thread::sleep(Duration::from_millis(2500));
        {
            let warnings = WARNINGS.lock().unwrap();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains("queued=3"), "{warnings:?}");
            // The text of the report has the name too, but a filter looks for a field.
            assert!(warnings[0].contains("pool=\"db\""), "{warnings:?}");
            assert!(!warnings[0].contains("waited=0"), "{warnings:?}");
            assert!(warnings[0].contains("max_threads"), "{warnings:?}");
        }
        drop(release);
        assert!(wait(plug));
        let values = waiting.into_iter().map(wait);
        assert_eq!(values.collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(WARNINGS.lock().unwrap().len(), 1, "once");
    });
}
