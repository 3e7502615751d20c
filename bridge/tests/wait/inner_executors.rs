//! Checks waits in an executor that runs inside a frozen wait. The caller has allowed that wait
//! to freeze its own executor, and no other.

use bridge::{try_wait_frozen, wait_frozen};
use tokio::task::unconstrained;

use super::*;

/// Runs `body` in every place where a frozen wait may run another executor.
fn where_tokio_lets_it_enter(body: fn(&str)) {
    body("a plain thread");
    let place = "a blocking thread";
    multi_thread().block_on(async { spawn_blocking(move || body(place)).await.unwrap() });
    let place = "a task";
    multi_thread().block_on(async { tokio::spawn(async move { body(place) }).await.unwrap() });
    let place = "a task that blocks";
    let blocks = async move { block_in_place(|| body(place)) };
    multi_thread().block_on(async { tokio::spawn(blocks).await.unwrap() });
    wait(offload(move || body("a job")));
    wait(async { body("a wait") });
    futures::executor::block_on(in_async(async { body("an executor that is marked") }));
}

/// Otherwise the wait parks the thread that the future needs, and never ends.
#[test]
fn a_wait_in_a_runtime_inside_one_is_refused() {
    within(|| {
        where_tokio_lets_it_enter(|place| {
            let in_root = || current_thread().block_on(async { try_wait(real_work()) });
            let in_task = || {
                let task = async { tokio::spawn(async { try_wait(real_work()) }).await.unwrap() };
                current_thread().block_on(task)
            };
            for outcome in [
                wait_frozen(async { in_root() }),
                wait_frozen(async { in_task() }),
                wait_frozen(async {
                    real_work().await;
                    in_root()
                }),
            ] {
                let is_refused = matches!(outcome, Err(WaitError::WouldFreeze { .. }));
                assert!(is_refused, "in {place}: {outcome:?}");
            }
        });
    });
}

/// Otherwise the set stands still, although an ordinary wait would be refused there.
#[test]
fn a_wait_in_the_root_of_a_set_inside_one_is_refused() {
    within(|| {
        let set = || async {
            LocalSet::new()
                .run_until(async { try_wait(real_work()) })
                .await
        };
        // Below an ordinary wait.
        would_freeze(multi_thread().block_on(async { wait(set()) }));
        let in_runtime = || multi_thread().block_on(set());
        would_freeze(wait(async { in_runtime() }));
        // Below a frozen one.
        would_freeze(multi_thread().block_on(async { wait_frozen(set()) }));
        would_freeze(wait_frozen(async { in_runtime() }));
    });
}

/// Otherwise the worker's tasks go to home, which is another runtime.
#[test]
fn a_frozen_wait_inside_one_keeps_the_worker() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        // A worker that is not parked may be taken for that of the other runtime.
        let (end, ended) = mpsc::channel::<()>();
        let busy = bridge.handle().unwrap().spawn(async move { ended.recv() });
        let (ran, runs) = oneshot::channel();
        let ran = Arc::new(Mutex::new(Some(ran)));
        let hides = current_thread();
        let hidden = hides.handle().clone();
        let outer = async move {
            let other = Arc::clone(&ran);
            let sibling = tokio::spawn(async move {
                let ran = other.lock().unwrap().take();
                let _nobody_waits = ran.map(|ran| ran.send(()));
                thread::current().name().map(str::to_owned)
            });
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(200));
                drop(ran.lock().unwrap().take());
            });
            let inner = {
                let _guard = hidden.enter();
                bridge.try_wait_frozen(async { bridge.try_wait_frozen(runs) })
            };
            let _ran_or_not = inner.unwrap().unwrap();
            (sibling, end)
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("outer")
            .build()
            .unwrap();
        let name = runtime.block_on(async {
            let (sibling, end) = tokio::spawn(outer).await.unwrap();
            let name = sibling.await.unwrap();
            drop(end);
            name
        });
        assert_eq!(name.as_deref(), Some("outer"));
        drop(busy);
    });
}

/// Where an ordinary wait works, the frozen one allows no more.
#[test]
fn a_wait_in_a_blocking_place_inside_one_works() {
    within(|| {
        where_tokio_lets_it_enter(|place| {
            let outcome = try_wait_frozen(async { try_wait(real_work()) });
            assert_eq!(outcome.unwrap().unwrap(), 7, "in {place}");
        });
        let root = async { wait_frozen(async { wait(real_work()) }) };
        assert_eq!(multi_thread().block_on(root), 7);
    });
}

/// Otherwise the set stands still, because the wait around it may freeze another executor.
#[test]
fn a_wait_in_the_root_of_a_set_inside_one_in_a_marked_executor_is_refused() {
    within(|| {
        let in_set = || {
            let set = LocalSet::new();
            multi_thread().block_on(set.run_until(async { try_wait(real_work()) }))
        };
        let outer = in_async(async { wait_frozen(async { in_set() }) });
        would_freeze(futures::executor::block_on(outer));
    });
}

/// Otherwise an ordinary wait is refused where the frozen one is allowed, and a destructor that
/// uses it aborts the process.
#[test]
fn a_wait_inside_one_in_a_hidden_set_works() {
    async fn hidden() -> u32 {
        let nested = async { wait_frozen(async { wait(real_work()) }) };
        unconstrained(LocalSet::new().run_until(nested)).await
    }
    within(|| {
        assert_eq!(multi_thread().block_on(hidden()), 7, "in a root");
        let job = offload(move || Handle::current().block_on(hidden()));
        assert_eq!(multi_thread().block_on(job), 7, "in a job");
    });
}
