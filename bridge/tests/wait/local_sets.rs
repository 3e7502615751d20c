//! Checks that a wait in a task of a `LocalSet` is refused: it would freeze the
//! set.

use std::{future::poll_fn, task::Poll};

use futures::FutureExt as _;

use super::*;

type Outcome = Result<u32, WaitError>;

/// Waits, in a local task, for a message from another task of the same set.
async fn tasks_of_a_set() -> Outcome {
    tasks_of_a_set_by(|receive| try_wait(receive).map(Result::unwrap)).await
}

async fn tasks_of_a_set_by(waits: fn(oneshot::Receiver<u32>) -> Outcome) -> Outcome {
    let set = LocalSet::new();
    set.run_until(async move {
        let (send, receive) = oneshot::channel();
        let waits = tokio::task::spawn_local(async move { waits(receive) });
        let sends = tokio::task::spawn_local(async { send.send(7).unwrap_or(()) });
        let outcome = waits.await.unwrap();
        // If the wait was refused, the receiver is dropped.
        let _refused = sends.await;
        outcome
    })
    .await
}

#[test]
fn in_a_root() {
    within(|| {
        would_freeze(one_worker().block_on(tasks_of_a_set()));
        would_freeze(one_worker().handle().block_on(tasks_of_a_set()));
        let set = LocalSet::new();
        would_freeze(set.block_on(&one_worker(), tasks_of_a_set()));
    });
}

/// Called in the root of a set. It waits until a task of that set sends a message.
fn root_of_a_set() -> Outcome {
    let (send, receive) = oneshot::channel();
    tokio::task::spawn_local(async { send.send(7).unwrap_or(()) });
    try_wait(receive).map(Result::unwrap)
}

#[test]
fn in_the_root_of_a_set() {
    within(|| {
        let set = LocalSet::new();
        would_freeze(one_worker().block_on(set.run_until(async { root_of_a_set() })));
        would_freeze(set.block_on(&one_worker(), async { root_of_a_set() }));
    });
}

/// Tokio's documentation recommends this for futures that are not `Send`.
#[test]
fn on_a_blocking_thread() {
    within(|| {
        for runtime in [one_worker(), current_thread()] {
            let drives = || Handle::current().block_on(tasks_of_a_set());
            let outcome = runtime.block_on(async { spawn_blocking(drives).await.unwrap() });
            would_freeze(outcome);
        }
    });
}

/// Ways to wait that hide the poll from Tokio's probes.
const HIDDEN: [fn(oneshot::Receiver<u32>) -> Outcome; 3] = [
    |receive| try_wait(async { try_wait(receive).map(Result::unwrap) })?,
    |receive| try_wait(async { try_wait(async { try_wait(receive).map(Result::unwrap) })? })?,
    |receive| {
        let unseen = async { try_wait(receive).map(Result::unwrap) };
        tokio::task::unconstrained(unseen).now_or_never().unwrap()
    },
];

#[test]
fn hidden_from_a_wait() {
    within(|| {
        for waits in HIDDEN {
            would_freeze(one_worker().block_on(tasks_of_a_set_by(waits)));
            let set = LocalSet::new();
            would_freeze(set.block_on(&one_worker(), tasks_of_a_set_by(waits)));
            let drives = move || Handle::current().block_on(tasks_of_a_set_by(waits));
            would_freeze(one_worker().block_on(async { spawn_blocking(drives).await.unwrap() }));
        }
    });
}

/// This executor enters no runtime, so Tokio would let the thread block.
#[test]
fn driven_by_another_executor() {
    within(|| {
        would_freeze(futures::executor::block_on(tasks_of_a_set()));
        for runtime in [one_worker(), current_thread()] {
            let _guard = runtime.enter();
            would_freeze(futures::executor::block_on(tasks_of_a_set()));
            // An `unconstrained` hides every trace here.
            for waits in &HIDDEN[..2] {
                would_freeze(futures::executor::block_on(tasks_of_a_set_by(*waits)));
            }
        }
        let drives = || futures::executor::block_on(tasks_of_a_set());
        would_freeze(one_worker().block_on(async { spawn_blocking(drives).await.unwrap() }));
    });
}

#[test]
fn inside_a_wait_or_a_job() {
    within(|| {
        would_freeze(wait(tasks_of_a_set()));
        let runtime = one_worker();
        would_freeze(runtime.block_on(async { wait(tasks_of_a_set()) }));
        let in_task = runtime.spawn(async { wait(async { wait(tasks_of_a_set()) }) });
        would_freeze(runtime.block_on(in_task).unwrap());
        // There Tokio would let the set's thread block.
        let in_root = || Handle::current().block_on(tasks_of_a_set());
        let in_task = runtime.spawn(async move { wait(async { in_root() }) });
        would_freeze(runtime.block_on(in_task).unwrap());
        let in_job = || futures::executor::block_on(tasks_of_a_set());
        would_freeze(wait(offload(in_job)));
        let in_nested_root = || Handle::current().block_on(async { wait(real_work()) });
        let blocking = runtime.spawn_blocking(in_nested_root);
        assert_eq!(runtime.block_on(blocking).unwrap(), 7, "no local task");
        let in_task = runtime.spawn(async move { wait(async { in_nested_root() }) });
        assert_eq!(runtime.block_on(in_task).unwrap(), 7, "the task that waits");
    });
}

/// A `JoinHandle` drops its task's output under the id of that task.
#[test]
fn the_output_of_a_task_is_none() {
    struct WaitsAtDrop(mpsc::Sender<Outcome>);
    impl Drop for WaitsAtDrop {
        fn drop(&mut self) {
            self.0.send(try_wait(real_work())).unwrap();
        }
    }
    within(|| {
        let runtime = one_worker();
        let (tell, told) = mpsc::channel();
        let handle = runtime.handle().clone();
        let drops = move || {
            handle.block_on(async {
                let waits = WaitsAtDrop(tell.clone());
                let task = tokio::spawn(async move { waits });
                while !task.is_finished() {
                    tokio::task::yield_now().await;
                }
                drop(task);
            });
        };
        drops();
        assert_eq!(told.recv().unwrap().unwrap(), 7, "a root");
        wait(async { drops() });
        assert_eq!(told.recv().unwrap().unwrap(), 7, "in a wait");
        wait(offload(drops));
        assert_eq!(told.recv().unwrap().unwrap(), 7, "in a job");
    });
}

/// Otherwise the second thread in a current-thread runtime's `block_on` would
/// park. It must drive the runtime after the first thread has left.
#[test]
fn the_second_thread_of_a_current_thread_runtime() {
    within(|| {
        let runtime = Arc::new(current_thread());
        let (leave, may_leave) = oneshot::channel::<()>();
        let (began, begins) = mpsc::channel();
        let first = thread::spawn({
            let runtime = Arc::clone(&runtime);
            move || {
                runtime.block_on(async {
                    began.send(()).unwrap();
                    let _left = may_leave.await;
                });
            }
        });
        begins.recv().unwrap();
        runtime.block_on(async {
            for waits in HIDDEN {
                let (_send, receive) = oneshot::channel();
                would_freeze(waits(receive));
            }
            // The task must not be ready before the wait parks, however fast
            // the first thread is.
            let (_begin, begins) = oneshot::channel::<()>();
            let work = tokio::spawn(async {
                let _never = begins.await;
                real_work().await
            });
            would_freeze(try_wait(work).map(Result::unwrap));
        });
        drop(leave);
        first.join().unwrap();
    });
}

/// Needs more operations than one poll may take. A wait may take them all.
async fn many_operations() -> u32 {
    for _ in 0..200 {
        tokio::task::coop::cooperative(std::future::ready(())).await;
    }
    7
}

#[test]
fn what_is_ready_needs_no_park() {
    within(|| {
        let set = LocalSet::new();
        let outcome = set.block_on(&one_worker(), async {
            let ready = try_wait(async { 7 })?;
            let many = many_operations().wait_timeout(Duration::ZERO)?;
            Ok::<_, WaitError>(ready + many)
        });
        assert_eq!(outcome.unwrap(), 14);
    });
}

/// Otherwise a wait would change the context or the budget of its root.
#[test]
fn a_root_is_one_afterwards() {
    within(|| {
        one_worker().block_on(async {
            assert_eq!(Context::current(), Context::Async);
            for _ in 0..3 {
                assert_eq!(wait(real_work()), 7);
                assert_eq!(wait(many_operations()), 7);
                assert_eq!(Context::current(), Context::Async);
                assert!(tokio::task::coop::has_budget_remaining());
            }
            // The budget still works: it runs out.
            let mut operations = 0;
            while let Poll::Ready(one) =
                futures::poll!(poll_fn(|cx| { tokio::task::coop::poll_proceed(cx) }))
            {
                one.made_progress();
                operations += 1;
                assert!(operations <= 128, "the budget has gone");
            }
            assert_eq!(wait(real_work()), 7);
            assert_eq!(Context::current(), Context::Async, "it had run out before");
        });
    });
}

/// Otherwise a call that is dispatched after such a panic blocks its root.
#[test]
fn a_root_is_one_after_a_panic_too() {
    async fn fails_late() -> u32 {
        sleep(Duration::from_millis(1)).await;
        panic!("on purpose")
    }

    within(|| {
        one_worker().block_on(async {
            while let Poll::Ready(one) = futures::poll!(poll_fn(tokio::task::coop::poll_proceed)) {
                one.made_progress();
            }
            catch_unwind(AssertUnwindSafe(|| wait(fails_late()))).unwrap_err();
            assert_eq!(Context::current(), Context::Async);
        });
    });
}
