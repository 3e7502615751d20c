//! Checks waits that may freeze the executor of their thread.

use std::future::pending;

use bridge::{try_wait_frozen, wait_frozen, wait_frozen_timeout};
use tokio::task::{JoinSet, spawn_local, yield_now};

use super::*;

/// A value with asynchronous clean-up.
struct Session {
    closed: Arc<Mutex<Option<u32>>>,
}

impl Session {
    fn new() -> (Self, Arc<Mutex<Option<u32>>>) {
        let closed = Arc::default();
        let session = Self {
            closed: Arc::clone(&closed),
        };
        (session, closed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let answer = wait_frozen(real_work());
        *self.closed.lock().unwrap() = Some(answer);
    }
}

#[tokio::test]
async fn a_destructor_in_a_current_thread_test_finishes_its_clean_up() {
    let (session, closed) = Session::new();
    drop(session);
    assert_eq!(*closed.lock().unwrap(), Some(7));
    // The runtime still works afterwards.
    assert_eq!(real_work().await, 7);
    assert_eq!(tokio::spawn(real_work()).await.unwrap(), 7);
}

#[tokio::test]
async fn a_destructor_that_runs_while_a_task_unwinds_finishes_its_clean_up() {
    let (session, closed) = Session::new();
    let task = tokio::spawn(async move {
        let _session = session;
        panic!("seven");
    });
    let payload = task.await.unwrap_err().into_panic();
    assert_eq!(panic_text(&*payload), "seven");
    assert_eq!(*closed.lock().unwrap(), Some(7));
    assert_eq!(real_work().await, 7);
}

/// Otherwise a clean-up with ordinary waits inside would abort the process: it
/// runs while the task unwinds, and Tokio may refuse to block there.
#[test]
fn a_destructor_may_wait_inside_its_clean_up_while_it_unwinds() {
    struct Nested(Arc<Mutex<Option<u32>>>);
    impl Drop for Nested {
        fn drop(&mut self) {
            let answer = try_wait_frozen(async { wait(real_work()) + real_work().wait() });
            *self.0.lock().unwrap() = answer.ok();
        }
    }
    within(|| {
        for runtime in [current_thread(), multi_thread()] {
            let closed = Arc::default();
            let nested = Nested(Arc::clone(&closed));
            runtime.block_on(async {
                let task = tokio::spawn(async move {
                    let _nested = nested;
                    panic!("seven");
                });
                task.await.unwrap_err();
            });
            assert_eq!(*closed.lock().unwrap(), Some(14));
        }
    });
}

/// Runs `body` in every place where a wait would freeze an executor.
fn where_it_freezes(body: fn() -> u32) {
    let root = current_thread().block_on(async { body() });
    assert_eq!(root, 7, "in a current-thread root");
    let task =
        current_thread().block_on(async { tokio::spawn(async move { body() }).await.unwrap() });
    assert_eq!(task, 7, "in a current-thread task");
    let set = || async move { spawn_local(async move { body() }).await.unwrap() };
    let local = LocalSet::new().block_on(&current_thread(), set());
    assert_eq!(local, 7, "in a local set");
    let under_root = multi_thread().block_on(LocalSet::new().run_until(set()));
    assert_eq!(under_root, 7, "in a local set under a multi-thread root");
    let set_root = multi_thread().block_on(LocalSet::new().run_until(async { body() }));
    assert_eq!(
        set_root, 7,
        "in the root of a local set under a multi-thread root"
    );
    let in_wait = wait(LocalSet::new().run_until(set()));
    assert_eq!(in_wait, 7, "in a local set inside a wait");
    let foreign = futures::executor::block_on(LocalSet::new().run_until(set()));
    assert_eq!(foreign, 7, "in a local set of another executor");
    let marked = futures::executor::block_on(in_async(async { body() }));
    assert_eq!(marked, 7, "in an executor that is marked");
    let second = {
        // Another thread drives the runtime. This thread polls only its own
        // root.
        let runtime = Arc::new(current_thread());
        let (stop, stopped) = oneshot::channel::<()>();
        let driver = Arc::clone(&runtime);
        let thread = thread::spawn(move || driver.block_on(stopped).unwrap_err());
        thread::sleep(Duration::from_millis(10));
        let value = runtime.block_on(async { body() });
        drop(stop);
        thread.join().unwrap();
        value
    };
    assert_eq!(second, 7, "in the second root of a current-thread runtime");
}

#[test]
fn what_the_future_makes_itself_works() {
    within(|| {
        where_it_freezes(|| wait_frozen(real_work()));
        where_it_freezes(|| try_wait_frozen(real_work()).unwrap());
        where_it_freezes(|| wait_frozen_timeout(real_work(), Duration::from_hours(1)).unwrap());
        where_it_freezes(|| Bridge::global().wait_frozen(real_work()));
        where_it_freezes(|| wait_frozen(offload(|| 7)));
        where_it_freezes(|| wait_frozen(async { bridge::spawn(real_work()).await.unwrap() }));
    });
}

/// Each `yield_now` leaves its waker with the frozen scheduler.
#[test]
fn yields_come_back() {
    within(|| {
        where_it_freezes(|| {
            wait_frozen(async {
                for _ in 0..1000 {
                    yield_now().await;
                }
                7
            })
        });
        where_it_freezes(|| {
            wait_frozen(async {
                let mut set = JoinSet::new();
                for _ in 0..10 {
                    set.spawn(async {
                        yield_now().await;
                        7
                    });
                }
                yield_now().await;
                set.join_all().await[0]
            })
        });
    });
}

/// A poll of a current-thread task has a budget of 128 operations, which is not
/// refilled while the executor is frozen.
#[test]
fn the_budget_of_the_frozen_poll_does_not_run_out() {
    within(|| {
        where_it_freezes(|| {
            let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
            for n in 0..1000 {
                send.send(n).unwrap();
            }
            wait_frozen(async {
                for n in 0..1000 {
                    assert_eq!(receive.recv().await, Some(n));
                }
                7
            })
        });
    });
}

#[test]
fn a_wait_inside_one_waits_too() {
    within(|| {
        where_it_freezes(|| wait_frozen(async { wait(async { wait(real_work()) }) }));
        where_it_freezes(|| wait_frozen(async { wait_frozen(real_work()) }));
        where_it_freezes(|| {
            wait_frozen(async {
                yield_now().await;
                real_work().wait_timeout(Duration::from_hours(1)).unwrap()
            })
        });
    });
}

/// Otherwise such a clean-up aborts the process if it runs while the thread unwinds.
#[test]
fn a_wait_inside_one_inside_a_wait_in_a_set() {
    let nested = || async { wait(async { wait_frozen(async { wait(real_work()) }) }) };
    within(|| {
        let set_root = multi_thread().block_on(LocalSet::new().run_until(nested()));
        assert_eq!(set_root, 7, "in the root of a local set");
        let set = LocalSet::new();
        let unconstrained = tokio::task::unconstrained(set.run_until(nested()));
        assert_eq!(multi_thread().block_on(unconstrained), 7);
        let in_job = wait(offload(move || wait(LocalSet::new().run_until(nested()))));
        assert_eq!(in_job, 7, "in a local set of a job");
    });
}

#[test]
fn a_wait_after_one_is_refused_as_before() {
    within(|| {
        current_thread().block_on(async {
            assert_eq!(wait_frozen(real_work()), 7);
            would_freeze(try_wait(real_work()));
            assert_eq!(Context::current(), Context::Async);
            tokio::spawn(async { would_freeze(try_wait(real_work())) })
                .await
                .unwrap();
        });
    });
}

/// A local set inside is another executor, and the user did not allow freezing
/// it.
#[test]
fn a_wait_in_a_local_set_inside_one_is_refused() {
    within(|| {
        let outcome = current_thread().block_on(async {
            let set = LocalSet::new();
            let task = set.spawn_local(async { try_wait(real_work()) });
            wait_frozen(async {
                set.await;
                task.await.unwrap()
            })
        });
        would_freeze(outcome);
    });
}

#[test]
fn a_future_that_needs_the_frozen_runtime_is_bounded() {
    within(|| {
        current_thread().block_on(async {
            let dropped = Arc::new(());
            let held = Arc::clone(&dropped);
            let task = tokio::spawn(async { 7 });
            let outcome = wait_frozen_timeout(
                async move {
                    let value = task.await.unwrap();
                    drop(held);
                    value
                },
                Duration::from_millis(20),
            );
            assert!(
                matches!(outcome, Err(WaitError::TimedOut { .. })),
                "{outcome:?}"
            );
            assert_eq!(Arc::strong_count(&dropped), 1, "the future was dropped");
            let task = tokio::spawn(async { 7 });
            assert_eq!(task.await.unwrap(), 7, "the runtime goes on");
        });
    });
}

/// This is a documented limit. A local set polls its tasks with its own wakers,
/// and `yield_now` leaves such a waker with the frozen scheduler.
#[test]
fn a_yield_below_other_wakers_is_bounded() {
    within(|| {
        current_thread().block_on(async {
            let set = LocalSet::new();
            set.spawn_local(yield_now());
            let outcome = wait_frozen_timeout(set, Duration::from_millis(50));
            assert!(
                matches!(outcome, Err(WaitError::TimedOut { .. })),
                "{outcome:?}"
            );
        });
    });
}

#[test]
fn a_panic_passes_through_and_leaves_the_context() {
    within(|| {
        current_thread().block_on(async {
            let payload = catch_unwind(|| wait_frozen(async { panic!("seven") })).unwrap_err();
            assert_eq!(panic_text(&*payload), "seven");
            assert_eq!(Context::current(), Context::Async);
            would_freeze(try_wait(real_work()));
            assert_eq!(tokio::spawn(real_work()).await.unwrap(), 7);
        });
    });
}

#[test]
fn the_end_of_home_ends_it() {
    within(|| {
        let bridge = Bridge::builder().build().unwrap();
        let other = bridge.clone();
        current_thread().block_on(async {
            let (polled, is_polled) = mpsc::channel();
            let thread = thread::spawn(move || {
                is_polled.recv().unwrap();
                let _nothing_was_admitted = other.shutdown(Duration::from_secs(1)).wait();
            });
            let outcome = bridge.try_wait_frozen(async {
                polled.send(()).unwrap();
                pending::<()>().await;
            });
            assert!(
                matches!(outcome, Err(WaitError::RuntimeGone { .. })),
                "{outcome:?}"
            );
            thread.join().unwrap();
            let outcome = bridge.try_wait_frozen(async {});
            assert!(
                matches!(outcome, Err(WaitError::RuntimeGone { .. })),
                "{outcome:?}"
            );
        });
    });
}

#[test]
fn a_wake_up_from_another_thread_ends_the_park() {
    within(|| {
        where_it_freezes(|| {
            let (send, receive) = oneshot::channel();
            let sender = thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                send.send(7).unwrap();
            });
            let value = wait_frozen(receive).unwrap();
            sender.join().unwrap();
            value
        });
    });
}

/// The pool runs it on the stack of the frozen wait, where Tokio shows the poll of
/// the frozen executor.
#[test]
fn a_job_lent_to_a_frozen_wait_waits_as_any_job() {
    within(|| {
        let bridge = Bridge::builder()
            .max_threads(1)
            .max_blocked_threads(1)
            .build()
            .unwrap();
        // Takes the one thread that may be added.
        let (go, may_go) = oneshot::channel::<()>();
        let (parks, is_parked) = mpsc::channel();
        let own = bridge.clone();
        let parked = bridge.offload(move || {
            own.wait(async {
                parks.send(()).unwrap();
                may_go.await.unwrap();
            });
        });
        let parked = parked.start();
        is_parked.recv().unwrap();
        let own = bridge.clone();
        let job = bridge.offload(move || {
            let here = thread::current().id();
            current_thread().block_on(async {
                let third = own.clone();
                let lent = own.offload(move || {
                    assert_eq!(thread::current().id(), here, "no other thread is there");
                    third.try_wait(real_work())
                });
                own.wait_frozen(lent)
            })
        });
        assert_eq!(bridge.wait(job).unwrap(), 7);
        go.send(()).unwrap();
        bridge.wait(parked);
    });
}

/// Otherwise an inner wait that may freeze takes the permission from the rest of the outer
/// one.
#[test]
fn after_an_inner_wait_the_outer_one_allows_what_it_did() {
    within(|| {
        let outcome = current_thread().block_on(async {
            wait_frozen(async {
                wait_frozen(async {});
                try_wait(real_work())
            })
        });
        assert_eq!(outcome.unwrap(), 7);
    });
}
