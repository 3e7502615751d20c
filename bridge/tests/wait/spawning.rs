//! Checks that `bridge::spawn` never puts a task on a runtime that nobody
//! drives.

use super::*;

/// Spawns under the guard of a runtime that nobody drives.
fn spawns(undriven: &Handle) -> tokio::task::JoinHandle<u32> {
    let _guard = undriven.enter();
    bridge::spawn(real_work())
}

#[test]
fn a_guard_does_not_drive() {
    within(|| {
        let runtime = current_thread();
        let undriven = runtime.handle().clone();
        assert_eq!(wait(async { spawns(&undriven).await.unwrap() }), 7, "wait");
        let in_async = in_async(async { spawns(&undriven).await.unwrap() });
        assert_eq!(futures::executor::block_on(in_async), 7, "in_async");
        let in_root = async { spawns(&undriven).await.unwrap() };
        assert_eq!(one_worker().block_on(in_root), 7, "root");
        let ours = one_worker();
        // Worker 0 has the index that the current-thread runtime's own thread
        // would have.
        let in_task = ours.spawn({
            let undriven = undriven.clone();
            async move { spawns(&undriven).await.unwrap() }
        });
        assert_eq!(ours.block_on(in_task).unwrap(), 7, "task");
        let in_task = {
            let _guard = ours.enter();
            bridge::spawn(async move { spawns(&undriven).await.unwrap() })
        };
        assert_eq!(ours.block_on(in_task).unwrap(), 7, "task of ours");
    });
}

/// Otherwise the runtime would drop the task, and its handle would say that somebody had
/// cancelled it.
#[test]
fn a_given_runtime_that_has_ended_since_is_told() {
    within(|| {
        let runtime = one_worker();
        let bridge = on(&runtime);
        let first = bridge.spawn(async { Handle::current().id() });
        assert_eq!(bridge.wait(first).unwrap(), runtime.handle().id());
        drop(runtime);
        let payload = catch_unwind(AssertUnwindSafe(|| bridge.spawn(async {}))).unwrap_err();
        let text = panic_text(&*payload);
        assert!(text.contains("is shut down"), "{text}");
        assert!(text.contains(&format!("{}:", file!())), "{text}");
    });
}

/// A runtime with tasks might be worker 0's own; the cache knows better.
#[test]
fn a_known_driver_outweighs_a_guard() {
    within(|| {
        let runtime = current_thread();
        let _never_polled = runtime.spawn(async {});
        let undriven = runtime.handle().clone();
        let ours = one_worker();
        let in_task = {
            let _guard = ours.enter();
            bridge::spawn(async move { spawns(&undriven).await.unwrap() })
        };
        assert_eq!(ours.block_on(in_task).unwrap(), 7);
    });
}

#[test]
fn a_runtime_that_polls_the_spawner_does() {
    within(|| {
        let ids = async || {
            let there = bridge::spawn(async { Handle::current().id() }).await;
            (Handle::current().id(), there.unwrap())
        };
        for runtime in [current_thread(), multi_thread()] {
            let (here, there) = runtime.block_on(ids());
            assert_eq!(here, there, "root");
            let (here, there) = runtime.block_on(async { tokio::spawn(ids()).await.unwrap() });
            assert_eq!(here, there, "task");
            let (here, there) = runtime.block_on(async { bridge::spawn(ids()).await.unwrap() });
            assert_eq!(here, there, "task of ours");
        }
    });
}
