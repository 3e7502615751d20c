//! `wait` in every context: it gives the value or says why not, and never hangs.
#![allow(
    clippy::items_after_statements,
    reason = "a recursive helper stands beside its only use"
)]

use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use bridge::{Bridge, Context, Wait, WaitError, in_async, offload, try_wait, wait};
use testkit::{panic_text, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Handle, Runtime},
    sync::oneshot,
    task::{LocalSet, block_in_place, spawn_blocking},
    time::sleep,
};

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn one_worker() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Something that needs timers, I/O, tasks and many polls.
async fn real_work() -> u32 {
    sleep(Duration::from_millis(2)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"ping").await.unwrap();
    });
    let mut text = String::new();
    TcpStream::connect(address)
        .await
        .unwrap()
        .read_to_string(&mut text)
        .await
        .unwrap();
    server.await.unwrap();
    assert_eq!(text, "ping");
    // More than a coop budget allows without a yield.
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    for n in 0..1000 {
        send.send(n).unwrap();
    }
    for n in 0..1000 {
        assert_eq!(receive.recv().await, Some(n));
    }
    7
}

fn would_freeze(outcome: Result<u32, WaitError>) {
    let outcome = outcome.map(drop);
    assert!(
        matches!(outcome, Err(WaitError::WouldFreeze { .. })),
        "{outcome:?}"
    );
}

#[test]
fn works_where_it_may_park() {
    within(|| {
        assert_eq!(wait(real_work()), 7, "plain thread");
        assert_eq!(real_work().wait(), 7, "by method");
        for runtime in [multi_thread(), one_worker()] {
            runtime.block_on(async {
                assert_eq!(wait(real_work()), 7, "root");
                assert_eq!(spawn_blocking(|| wait(real_work())).await.unwrap(), 7);
                assert_eq!(
                    tokio::spawn(async { wait(real_work()) }).await.unwrap(),
                    7,
                    "task"
                );
                let nested = async {
                    let outer = wait(async { wait(async { wait(real_work()) }) });
                    block_in_place(|| wait(real_work())) + outer
                };
                assert_eq!(tokio::spawn(nested).await.unwrap(), 14, "three deep");
                assert_eq!(offload(|| wait(real_work())).await, 7, "a job");
            });
            let _guard = runtime.enter();
            assert_eq!(wait(real_work()), 7, "under a guard");
        }
        let runtime = current_thread();
        {
            let _guard = runtime.enter();
            assert_eq!(wait(real_work()), 7, "under a guard that nobody drives");
        }
        runtime.block_on(async {
            assert_eq!(spawn_blocking(|| wait(real_work())).await.unwrap(), 7);
            assert_eq!(offload(|| wait(real_work())).await, 7);
        });
        assert_eq!(
            runtime.handle().block_on(async { wait(real_work()) }),
            7,
            "a handle's root"
        );
    });
}

#[test]
fn refuses_where_it_would_freeze() {
    within(|| {
        let runtime = current_thread();
        runtime.block_on(async {
            would_freeze(try_wait(real_work()));
            tokio::spawn(async { would_freeze(try_wait(real_work())) })
                .await
                .unwrap();
            let foreign = multi_thread();
            {
                let _guard = foreign.enter();
                would_freeze(try_wait(real_work()));
            }
            foreign.shutdown_background();
        });
        let local = LocalSet::new();
        local.spawn_local(async { would_freeze(try_wait(real_work())) });
        runtime.block_on(local);
        futures::executor::block_on(in_async(async { would_freeze(try_wait(real_work())) }));
    });
}

#[test]
fn a_foreign_guard_of_the_other_flavour_does_no_harm() {
    within(|| {
        let (ours, foreign) = (multi_thread(), current_thread());
        let handle = foreign.handle().clone();
        ours.block_on(async {
            tokio::spawn(async move {
                let _guard = handle.enter();
                would_freeze(try_wait(real_work()));
            })
            .await
            .unwrap();
        });
        drop(foreign);
    });
}

#[test]
fn a_foreign_guard_of_the_same_flavour_does_no_harm_to_a_task_of_ours() {
    within(|| {
        let (ours, foreign) = (one_worker(), one_worker());
        let handle = foreign.handle().clone();
        ours.block_on(async {
            let task = bridge::spawn(async move {
                let _guard = handle.enter();
                wait(real_work())
            });
            assert_eq!(task.await.unwrap(), 7);
            // Had the worker's core gone to the foreign runtime, this would
            // never run, and the drop below never end.
            assert_eq!(tokio::spawn(async { 1 }).await.unwrap(), 1);
        });
        drop(foreign);
    });
}

#[test]
fn the_panic_names_the_call_and_its_line() {
    within(|| {
        let mut line = 0;
        let payload = current_thread().block_on(async {
            line = line!() + 1;
            let call = || wait(real_work());
            catch_unwind(AssertUnwindSafe(call)).unwrap_err()
        });
        let text = panic_text(&*payload);
        assert!(
            text.contains("real_work") && text.contains(&format!("wait.rs:{line}")),
            "{text}"
        );
        assert!(text.contains("`.await`"), "it says what to do: {text}");
    });
}

#[test]
fn futures_need_be_neither_send_nor_static() {
    within(|| {
        let local = Rc::new(Cell::new(0));
        let mut borrowed = 0;
        wait(async {
            sleep(Duration::from_millis(1)).await;
            local.set(1);
            borrowed += 1;
        });
        assert_eq!((local.get(), borrowed), (1, 1));
    });
}

#[test]
fn what_is_opened_in_one_wait_is_usable_in_the_next() {
    within(|| {
        let (mut here, mut there) = wait(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let here = TcpStream::connect(listener.local_addr().unwrap());
            let (here, there) = tokio::join!(here, listener.accept());
            (here.unwrap(), there.unwrap().0)
        });
        for n in 0..10 {
            wait(async {
                there.write_u32(n).await.unwrap();
                assert_eq!(here.read_u32().await.unwrap(), n);
            });
        }
    });
}

#[test]
fn tasks_keep_running_between_waits() {
    within(|| {
        let task = wait(async {
            let task = tokio::spawn(async {
                sleep(Duration::from_millis(5)).await;
                11
            });
            (task,)
        })
        .0;
        thread::sleep(Duration::from_millis(50));
        assert!(task.is_finished());
        assert_eq!(wait(task).unwrap(), 11);
    });
}

#[test]
fn a_deadline_fires_while_the_future_is_stuck_and_drops_it() {
    within(|| {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let start = Instant::now();
        let outcome = Bridge::global().wait_timeout(
            async move {
                std::future::pending::<()>().await;
                drop(held);
            },
            Duration::from_millis(20),
        );
        assert!(matches!(outcome, Err(WaitError::TimedOut)), "{outcome:?}");
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(Arc::strong_count(&alive), 1);
        // One that keeps its thread busy with wake-ups is timed out too.
        let busy = std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            std::task::Poll::<()>::Pending
        });
        let outcome = busy.wait_timeout(Duration::from_millis(20));
        assert!(matches!(outcome, Err(WaitError::TimedOut)));
        let ready = async { 1 }.wait_timeout(Duration::ZERO);
        assert_eq!(ready.unwrap(), 1, "what is ready needs no time");
        let endless = async { 1 }.wait_timeout(Duration::MAX);
        assert_eq!(endless.unwrap(), 1);
    });
}

#[test]
fn a_panic_passes_through_and_leaves_the_thread_as_it_was() {
    within(|| {
        let panics = || wait(async { panic!("mine") });
        let payload = catch_unwind(panics).unwrap_err();
        assert_eq!(panic_text(&*payload), "mine");
        assert_eq!(Context::current(), Context::Sync);
        assert_eq!(wait(async { Context::current() }), Context::Async);
        assert_eq!(Context::current(), Context::Sync);
    });
}

#[test]
fn a_runtime_that_goes_wakes_who_waits_inside_it() {
    within(|| {
        let runtime = multi_thread();
        let handle = runtime.handle().clone();
        let (parked, about_to) = mpsc::channel();
        let waiter = thread::spawn(move || {
            let _guard = handle.enter();
            parked.send(()).unwrap();
            let timer_too = async {
                sleep(Duration::from_hours(1)).await;
            };
            try_wait(timer_too)
        });
        about_to.recv().unwrap();
        thread::sleep(Duration::from_millis(20));
        runtime.shutdown_background();
        let outcome = waiter.join().unwrap();
        assert!(
            matches!(outcome, Err(WaitError::RuntimeGone)),
            "{outcome:?}"
        );
    });
}

#[test]
fn a_bridge_that_is_shut_down_tells_who_waits_and_who_comes_later() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let waiter = thread::spawn({
            let bridge = bridge.clone();
            move || bridge.try_wait(std::future::pending::<()>())
        });
        thread::sleep(Duration::from_millis(20));
        let _report = bridge.shutdown(Duration::from_secs(5));
        assert!(matches!(
            waiter.join().unwrap(),
            Err(WaitError::RuntimeGone)
        ));
        assert!(matches!(
            bridge.try_wait(async {}),
            Err(WaitError::RuntimeGone)
        ));
        assert!(bridge.try_offload(|| ()).unwrap_err().is_shut_down());
    });
}

#[test]
fn a_bridge_may_be_dropped_on_an_async_thread() {
    within(|| {
        for runtime in [multi_thread(), current_thread()] {
            runtime.block_on(async {
                let bridge = Bridge::builder().worker_threads(1).build().unwrap();
                assert_eq!(bridge.offload(|| 1).await, 1);
                let other = bridge.clone();
                let used = move || other.wait(async { 2 });
                assert_eq!(spawn_blocking(used).await.unwrap(), 2);
                drop(bridge);
            });
        }
    });
}

thread_local! {
    static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

/// Waits when its thread ends.
struct AtEnd(mpsc::Sender<(Context, Result<u32, WaitError>)>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let _unheard = self.0.send((Context::current(), try_wait(async { 5 })));
    }
}

#[test]
fn a_thread_that_ends_is_told_so() {
    within(|| {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            AT_END.set(Some(AtEnd(send)));
            // After the destructor above was registered, so gone before it.
            assert_eq!(wait(real_work()), 7);
        })
        .join()
        .unwrap();
        let (context, outcome) = receive.recv().unwrap();
        assert_eq!(context, Context::Sync);
        assert!(
            matches!(outcome, Err(WaitError::ThreadEnding)),
            "{outcome:?}"
        );
    });
}

#[test]
fn hand_overs_have_a_limit() {
    within(|| {
        let bridge = Bridge::builder().max_nested_waits(3).build().unwrap();
        let runtime = multi_thread();
        fn descend(bridge: &Bridge, depth: usize) -> Result<usize, WaitError> {
            if depth == 0 {
                return Ok(0);
            }
            let inner = bridge.clone();
            let task = tokio::spawn(async move { descend(&inner, depth - 1) });
            bridge.try_wait(task)?.unwrap().map(|below| below + 1)
        }
        runtime.block_on(async {
            let own = bridge.clone();
            assert_eq!(
                tokio::spawn(async move { descend(&own, 3) })
                    .await
                    .unwrap()
                    .unwrap(),
                3
            );
            let outcome = tokio::spawn(async move { descend(&bridge, 5) })
                .await
                .unwrap();
            assert!(
                matches!(outcome, Err(WaitError::TooDeep { limit: 3, .. })),
                "{outcome:?}"
            );
        });
    });
}

#[test]
fn deep_through_spawn_on_one_worker() {
    within(|| {
        fn descend(depth: usize) -> usize {
            if depth == 0 {
                return 0;
            }
            wait(tokio::spawn(async move { descend(depth - 1) })).unwrap() + 1
        }
        one_worker().block_on(async {
            assert_eq!(tokio::spawn(async { descend(100) }).await.unwrap(), 100);
        });
    });
}

#[test]
fn a_wait_under_a_held_lock_lets_the_others_go_on() {
    within(|| {
        let lock = Arc::new(Mutex::new(0));
        let runtime = one_worker();
        runtime.block_on(async {
            let (send, receive) = oneshot::channel();
            let holder = tokio::spawn({
                let lock = Arc::clone(&lock);
                async move {
                    let mut value = lock.lock().unwrap();
                    *value = wait(receive).unwrap();
                }
            });
            tokio::spawn(async move { send.send(3).unwrap() })
                .await
                .unwrap();
            holder.await.unwrap();
        });
        assert_eq!(*lock.lock().unwrap(), 3);
    });
}

#[test]
fn nested_in_a_wait_on_home() {
    within(|| {
        let deep = wait(async { wait(async { tokio::spawn(async { wait(real_work()) }).wait() }) });
        assert_eq!(deep.unwrap(), 7);
    });
}

#[test]
fn a_given_runtime_is_home() {
    within(|| {
        let runtime = multi_thread();
        let bridge = Bridge::builder()
            .runtime(runtime.handle().clone())
            .build()
            .unwrap();
        let id = bridge.wait(async { Handle::current().id() });
        assert_eq!(id, runtime.handle().id());
        let refused = Bridge::builder()
            .runtime(current_thread().handle().clone())
            .build();
        assert!(matches!(
            refused,
            Err(bridge::BuildError::CurrentThreadHome)
        ));
    });
}

#[test]
fn a_closure_runs_inside_the_runtime_that_submitted_it() {
    within(|| {
        for runtime in [multi_thread(), current_thread()] {
            let there = runtime
                .block_on(async { offload(|| (Context::current(), Handle::current().id())).await });
            assert_eq!(there, (Context::Blocking, runtime.handle().id()));
        }
        let context = futures::executor::block_on(offload(Context::current));
        assert_eq!(context, Context::Blocking, "without a runtime, too");
    });
}

#[test]
fn sync_async_sync_deep_on_a_pool_of_one() {
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        fn descend(bridge: &Bridge, depth: usize) -> Result<usize, WaitError> {
            if depth == 0 {
                return Ok(0);
            }
            let inner = bridge.clone();
            let task = bridge.offload(move || descend(&inner, depth - 1));
            bridge.try_wait(task)?.map(|below| below + 1)
        }
        for depth in [1, 2, 8, 64] {
            assert_eq!(descend(&bridge, depth).unwrap(), depth);
        }
        match descend(&bridge, 1000) {
            Ok(depth) => assert_eq!(depth, 1000),
            Err(error) => assert!(matches!(error, WaitError::PoolExhausted), "{error}"),
        }
        assert_eq!(descend(&bridge, 3).unwrap(), 3);
    });
}

#[test]
fn descent_survives_spawn() {
    within(|| {
        let bridge = Bridge::builder()
            .max_threads(1)
            .max_blocked_threads(12)
            .build()
            .unwrap();
        fn descend(bridge: &Bridge, depth: usize) -> usize {
            if depth == 0 {
                return 0;
            }
            let inner = bridge.clone();
            let below = bridge.wait(async move {
                let deeper = inner.clone();
                let hop = inner.spawn(async move {
                    let last = deeper.clone();
                    deeper.offload(move || descend(&last, depth - 1)).await
                });
                hop.await.unwrap()
            });
            below + 1
        }
        assert_eq!(descend(&bridge, 12), 12);
    });
}
