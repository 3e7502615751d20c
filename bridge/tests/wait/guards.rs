//! Guards of foreign runtimes, which lie about whose worker a thread is.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// A runtime whose one worker is parked, by what Tokio shows of it.
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

/// Where two tasks meet, one on each worker of a runtime that has two.
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

    /// Called by the tasks.
    fn meet(&self) {
        self.came.fetch_add(1, Ordering::Relaxed);
        self.met.wait();
    }

    /// Called by who has spawned them. One worker may have taken both as the
    /// other fell asleep; that one looks around when it is woken.
    fn wake(&self, runtime: &Runtime) {
        while self.came.load(Ordering::Relaxed) < 2 {
            drop(runtime.spawn(async {}));
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Fails if the wait needed a panic of Tokio's to find out.
fn without_a_panic(body: impl FnOnce()) {
    let before = PANICS.get();
    body();
    assert_eq!(PANICS.get(), before, "a panic was caught");
}

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Counts the panics of each thread.
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

/// Corner: while the foreign worker is busy nothing tells, and Tokio's refusal
/// is caught.
#[test]
fn of_a_busy_runtime_in_a_current_thread_task() {
    within(|| {
        let (own, foreign) = (current_thread(), one_worker());
        let (release, held) = mpsc::channel::<()>();
        let (busy, is_busy) = mpsc::channel();
        foreign.spawn(async move {
            busy.send(()).unwrap();
            held.recv().unwrap_err();
        });
        is_busy.recv().unwrap();
        own.block_on(async {
            let _guard = foreign.enter();
            would_freeze(try_wait(real_work()));
        });
        drop(release);
    });
}

/// Had the worker's core gone to the foreign runtime, the tasks after it would
/// never run, and the drops never end.
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
                    // So the second index is seen.
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

/// That is what `reset_cache` says of itself.
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

/// The park count of a worker that another thread plays proves nothing.
#[test]
fn of_its_own_runtime_a_worker_without_its_core_is_not_refused() {
    within(|| {
        let runtime = one_worker();
        let handle = runtime.handle().clone();
        runtime.block_on(async {
            let task = tokio::spawn(async move {
                for _ in 0..10 {
                    // Hands the core over, and the thread that has it parks.
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

/// In the `block_on` of another runtime, inside `block_in_place`: the worker has
/// handed its core over, so nothing more can be lost, whatever its index.
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
