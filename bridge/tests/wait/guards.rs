//! Checks guards of foreign runtimes, which hide whose worker a thread is.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Returns a runtime whose only worker is parked, according to Tokio's metrics.
fn idle() -> Runtime {
    let runtime = one_worker();
    while runtime
        .metrics()
        .worker_park_unpark_count(0)
        .is_multiple_of(2)
    {
        thread::yield_now();
    }
    runtime
}

/// Returns a runtime whose only worker is busy until the sender is dropped.
fn busy() -> (Runtime, mpsc::Sender<()>) {
    let runtime = one_worker();
    let (release, held) = mpsc::channel::<()>();
    let (busy, is_busy) = mpsc::channel();
    runtime.spawn(async move {
        busy.send(()).unwrap();
        held.recv().unwrap_err();
    });
    is_busy.recv().unwrap();
    (runtime, release)
}

/// A meeting point of two tasks, one on each worker of a runtime with two
/// workers.
struct OnBoth {
    met: std::sync::Barrier,
    came: AtomicUsize,
}

impl OnBoth {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            met: std::sync::Barrier::new(2),
            came: AtomicUsize::new(0),
        })
    }

    /// Blocks a task until the other task has come.
    fn meet(&self) {
        self.came.fetch_add(1, Ordering::Relaxed);
        self.met.wait();
    }

    /// Wakes the other worker. One worker may have taken both tasks while the
    /// other worker fell asleep. A woken worker steals a task.
    fn wake(&self, runtime: &Runtime) {
        while self.came.load(Ordering::Relaxed) < 2 {
            drop(runtime.spawn(async {}));
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Fails if the wait caught a panic of Tokio in `body`.
fn without_a_panic(body: impl FnOnce()) {
    let before = PANICS.get();
    body();
    assert_eq!(PANICS.get(), before, "a panic was caught");
}

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Installs a hook that counts the panics of each thread.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            default(info);
        }));
    });
}

#[test]
fn of_an_idle_runtime_in_a_current_thread_task() {
    within(|| {
        count_panics();
        let (own, foreign) = (current_thread(), idle());
        own.block_on(async {
            let _guard = foreign.enter();
            without_a_panic(|| would_freeze(try_wait(real_work())));
        });
    });
}

/// Corner case: while the foreign worker is busy, no probe helps, so the bridge
/// catches the panic of Tokio's `block_in_place`.
#[test]
fn of_a_busy_runtime_in_a_current_thread_task() {
    within(|| {
        let (own, (foreign, release)) = (current_thread(), busy());
        own.block_on(async {
            let _guard = foreign.enter();
            would_freeze(try_wait(real_work()));
        });
        drop(release);
    });
}

/// Otherwise the wait tries to leave the worker, and Tokio's panic is reported before the
/// refusal.
#[test]
fn of_a_busy_runtime_in_a_task_of_the_bridge_on_a_current_thread() {
    within(|| {
        count_panics();
        let (own, (foreign, release)) = (current_thread(), busy());
        let handle = foreign.handle().clone();
        let refused = own.block_on(async {
            bridge::spawn(async move {
                let _guard = handle.enter();
                without_a_panic(|| would_freeze(try_wait(real_work())));
            })
            .await
        });
        refused.unwrap();
        drop(release);
    });
}

/// Otherwise hand-overs under a guard have no limit, until Tokio has no blocking thread left.
#[test]
fn a_hand_over_under_a_guard_counts_on_its_own_runtime() {
    within(|| {
        let builder = Bridge::builder().worker_threads(1).max_nested_waits(1);
        let bridge = builder.build().unwrap();
        let foreign = one_worker();
        let (home, own) = (bridge.handle().unwrap(), bridge.clone());
        let guard = foreign.handle().clone();
        let task = bridge.spawn(async move {
            let _guard = guard.enter();
            let inner = own.clone();
            own.wait(home.spawn(async move { inner.try_wait(async {}) }))
                .unwrap()
        });
        let outcome = bridge.wait(task).unwrap();
        assert!(
            matches!(outcome, Err(WaitError::TooDeep { limit: 1, .. })),
            "{outcome:?}"
        );
    });
}

/// Inside a frozen wait the runtime of a guard is home. While home's worker is busy, no
/// probe shows that home is not the runtime of this worker.
#[test]
fn of_a_busy_home_inside_a_frozen_wait() {
    within(|| {
        count_panics();
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let (busy, is_busy) = mpsc::channel();
        let blocks = bridge.spawn(async move {
            busy.send(()).unwrap();
            held.recv().unwrap_err();
        });
        is_busy.recv().unwrap();
        current_thread().block_on(async {
            without_a_panic(|| {
                let value = bridge.wait_frozen(async { bridge.wait(async { 7 }) });
                assert_eq!(value, 7);
            });
        });
        drop(release);
        bridge.wait(blocks).unwrap();
    });
}

/// Otherwise the worker's core would go to the foreign runtime. Then later
/// tasks would never run and dropping the runtime would hang.
#[test]
fn of_an_idle_runtime_in_a_task_of_the_same_flavour() {
    within(|| {
        let (own, foreign) = (one_worker(), idle());
        let handle = foreign.handle().clone();
        own.block_on(async {
            let task = tokio::spawn(async move {
                let _guard = handle.enter();
                would_freeze(try_wait(real_work()));
            });
            task.await.unwrap();
            assert_eq!(tokio::spawn(async { 1 }).await.unwrap(), 1);
        });
        drop((own, foreign));
    });
}

#[test]
fn of_a_runtime_with_fewer_workers() {
    within(|| {
        let own = multi_thread();
        let on_both = OnBoth::new();
        let foreign = one_worker();
        let tasks: Vec<_> = (0..2)
            .map(|_| {
                let (on_both, handle) = (Arc::clone(&on_both), foreign.handle().clone());
                own.spawn(async move {
                    // Both workers are busy now, so one of the tasks sees index
                    // 1.
                    on_both.meet();
                    if tokio::runtime::worker_index() == Some(1) {
                        let _guard = handle.enter();
                        would_freeze(try_wait(real_work()));
                    }
                })
            })
            .collect();
        on_both.wake(&own);
        for task in tasks {
            own.block_on(task).unwrap();
        }
    });
}

/// Otherwise a worker without its core would be refused. Another thread runs
/// the worker then, so the worker's park count says nothing about this thread.
#[test]
fn after_a_reset_a_guard_hides_the_runtime_of_a_task() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let foreign = idle();
        for resets in [false, true, false] {
            let (own, handle) = (bridge.clone(), foreign.handle().clone());
            let task = bridge.spawn(async move {
                let _guard = handle.enter();
                if resets {
                    own.reset_cache();
                    would_freeze(own.try_wait(real_work()));
                } else {
                    assert_eq!(own.wait(real_work()), 7);
                }
            });
            bridge.wait(task).unwrap();
        }
    });
}

/// Otherwise a worker without its core would be refused. Another thread runs
/// the worker then, so the worker's park count says nothing about this thread.
#[test]
fn of_its_own_runtime_a_worker_without_its_core_is_not_refused() {
    within(|| {
        let runtime = one_worker();
        let handle = runtime.handle().clone();
        runtime.block_on(async {
            let task = tokio::spawn(async move {
                for _ in 0..10 {
                    // This wait hands the core over, and the thread that gets
                    // it parks.
                    assert_eq!(wait(real_work()), 7);
                    while handle
                        .metrics()
                        .worker_park_unpark_count(0)
                        .is_multiple_of(2)
                    {
                        thread::yield_now();
                    }
                    assert_eq!(wait(real_work()), 7);
                }
            });
            task.await.unwrap();
        });
    });
}

/// Inside `block_in_place` the worker has already handed its core over. So a
/// wait in a nested `block_on` cannot lose the core and must not be refused.
#[test]
fn a_block_on_nested_in_a_worker_is_none() {
    within(|| {
        let nested = |own: fn(Handle, Pin<Box<dyn Future<Output = ()> + Send>>)| {
            for another in [one_worker(), multi_thread(), current_thread()] {
                let runtime = multi_thread();
                let on_both = OnBoth::new();
                let over = Arc::new(std::sync::Barrier::new(3));
                for _ in 0..2 {
                    let (on_both, over) = (Arc::clone(&on_both), Arc::clone(&over));
                    let another = another.handle().clone();
                    let task = Box::pin(async move {
                        on_both.meet();
                        block_in_place(|| {
                            another.block_on(async {
                                let here = Handle::current().id();
                                let inside = try_wait(async {
                                    tokio::task::yield_now().await;
                                    Handle::current().id()
                                });
                                if another.runtime_flavor()
                                    == tokio::runtime::RuntimeFlavor::MultiThread
                                {
                                    assert_eq!(inside.unwrap(), here);
                                }
                                assert_eq!(try_wait(real_work()).unwrap(), 7);
                            });
                        });
                        over.wait();
                    });
                    own(runtime.handle().clone(), task);
                }
                on_both.wake(&runtime);
                over.wait();
            }
        };
        nested(|runtime, task| drop(runtime.spawn(task)));
        nested(|runtime, task| {
            let _guard = runtime.enter();
            drop(bridge::spawn(task));
        });
    });
}
