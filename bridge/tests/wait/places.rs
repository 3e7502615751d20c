//! Checks where a wait works, where it is refused, and the error's text.

use super::*;

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
        wait(in_async(async { would_freeze(try_wait(real_work())) }));
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
            // If the worker's core had gone to the foreign runtime, this task
            // would never run and the drop below would hang.
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
            text.contains("real_work") && text.contains(&format!("{}:{line}", file!())),
            "{text}"
        );
        assert!(text.contains("`.await`"), "it says what to do: {text}");
    });
}

/// A wrapper hides the name in its type, and must not hide it in the text.
#[test]
fn every_call_is_refused_by_its_functions_name() {
    #[smartasync]
    async fn fetch_it() {
        std::future::pending::<()>().await;
    }
    #[smartasync]
    fn count_it(_: u8) {}
    let limit = Duration::from_secs(20);
    let check = |name: &str, outcome: Result<(), WaitError>| {
        let error = outcome.unwrap_err();
        assert!(matches!(error, WaitError::WouldFreeze { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(name), "{name} is not in: {text}");
        assert!(!text.contains("MaybeBoxed"), "{text}");
    };
    within(|| {
        current_thread().block_on(async {
            check("fetch_it", fetch_it().try_wait());
            check("fetch_it", fetch_it().on(Bridge::global()).try_wait());
            check("fetch_it", fetch_it().wait_timeout(limit));
            check("fetch_it", BoxCall::new(fetch_it()).try_wait());
            check("fetch_it", BoxCall::new(fetch_it()).wait_timeout(limit));
            check("count_it", count_it(1).wait_timeout(limit));
            check("count_it", BoxCall::new(count_it(1)).wait_timeout(limit));
            // Jobs that stay in the queue, so that their waits would park.
            let full = Bridge::builder().max_threads(1).build().unwrap();
            let (_go, gate) = mpsc::channel::<()>();
            let _plug = full.offload(move || gate.recv()).start();
            let mut polled = count_it(1).on(&full);
            assert!(futures::poll!(&mut polled).is_pending());
            check("count_it", polled.try_wait());
            let mut boxed = BoxCall::new(count_it(1)).on(&full);
            assert!(futures::poll!(&mut boxed).is_pending());
            check("count_it", boxed.try_wait());
        });
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
