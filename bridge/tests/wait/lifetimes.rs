//! Checks runtimes, bridges and threads that begin and end around a wait.

use super::*;

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

/// Otherwise blocking tasks that need each other hang on home, and not on a runtime of Tokio's.
#[test]
fn home_has_as_many_blocking_threads_as_tokio() {
    const MANY: usize = 512;
    within(|| {
        let builder = Bridge::builder().worker_threads(1).max_nested_waits(1);
        let bridge = builder.build().unwrap();
        let home = bridge.handle().unwrap();
        let all = Arc::new(std::sync::Barrier::new(MANY));
        let tasks: Vec<_> = (0..MANY)
            .map(|_| {
                let all = Arc::clone(&all);
                home.spawn_blocking(move || all.wait().is_leader())
            })
            .collect();
        let leads = tasks.into_iter().map(|task| bridge.wait(task).unwrap());
        assert_eq!(leads.filter(|leads| *leads).count(), 1);
    });
}

/// Otherwise a server that makes its shutdown early leaves no time for home.
#[test]
fn the_grace_begins_at_the_wait_or_the_first_poll() {
    const GRACE: Duration = Duration::from_secs(3);
    within(|| {
        let bridges = [(); 2].map(|()| Bridge::builder().worker_threads(1).build().unwrap());
        let [waited, awaited] = bridges.each_ref().map(|bridge| bridge.shutdown(GRACE));
        thread::sleep(GRACE + Duration::from_millis(100));
        // Returns a task that goes on after the shutdown has closed home.
        let blocking_task = |bridge: &Bridge| {
            let (done, is_done) = mpsc::channel();
            let (start, started) = mpsc::channel();
            bridge.handle().unwrap().spawn_blocking(move || {
                start.send(()).unwrap();
                thread::sleep(Duration::from_millis(500));
                done.send(()).unwrap();
            });
            started.recv().unwrap();
            is_done
        };
        let is_done = blocking_task(&bridges[0]);
        let _report = waited.wait();
        assert!(is_done.try_recv().is_ok(), "waited for");
        let is_done = blocking_task(&bridges[1]);
        let runtime = Builder::new_current_thread().build().unwrap();
        let _report = runtime.block_on(awaited);
        assert!(is_done.try_recv().is_ok(), "awaited");
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
            matches!(outcome, Err(WaitError::RuntimeGone { .. })),
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
        let _report = bridge.shutdown(Duration::from_secs(5)).wait();
        assert!(matches!(
            waiter.join().unwrap(),
            Err(WaitError::RuntimeGone { .. })
        ));
        assert!(matches!(
            bridge.try_wait(async {}),
            Err(WaitError::RuntimeGone { .. })
        ));
        assert!(bridge.try_offload(|| ()).unwrap_err().is_shut_down());
    });
}

/// Otherwise the threads of its home would stay for ever.
#[test]
fn the_last_handle_of_a_bridge_ends_its_home() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let (held, dropped) = mpsc::channel::<()>();
        bridge.handle().unwrap().spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        drop(bridge.clone());
        dropped.try_recv().unwrap_err();
        assert_eq!(bridge.wait(async { 7 }), 7, "the other handle is left");
        drop(bridge);
        dropped.recv().unwrap_err();
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

/// Otherwise the destructor of a refused future would run outside the runtime
/// in which the wait would have polled the future.
#[test]
fn what_a_thread_that_ends_waits_for_is_dropped_in_place() {
    thread_local! {
        static AT_END: RefCell<Option<DropsAtEnd>> = const { RefCell::new(None) };
    }
    struct DropsAtEnd(mpsc::Sender<bool>);
    struct Captured(mpsc::Sender<bool>);
    impl Drop for DropsAtEnd {
        fn drop(&mut self) {
            let captured = Captured(self.0.clone());
            let outcome = try_wait(async move {
                let _captured = captured;
            });
            let is_told = matches!(outcome, Err(WaitError::ThreadEnding { .. }));
            let _unheard = self.0.send(is_told);
        }
    }
    impl Drop for Captured {
        fn drop(&mut self) {
            let _unheard = self.0.send(Handle::try_current().is_ok());
        }
    }
    within(|| {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            // In this order Tokio's thread-locals still exist at the end, and
            // the bridge's do not.
            assert!(Handle::try_current().is_err());
            AT_END.set(Some(DropsAtEnd(send)));
            assert_eq!(wait(real_work()), 7);
        })
        .join()
        .unwrap();
        assert_eq!(receive.recv(), Ok(true), "dropped inside a runtime");
        assert_eq!(receive.recv(), Ok(true), "and refused");
    });
}

#[test]
fn a_thread_that_ends_is_told_so() {
    within(|| {
        let (send, receive) = mpsc::channel();
        thread::spawn(move || {
            AT_END.set(Some(AtEnd(send)));
            // These thread-locals are made after the destructor above was
            // registered, so they are destroyed before it runs.
            assert_eq!(wait(real_work()), 7);
        })
        .join()
        .unwrap();
        let (context, outcome) = receive.recv().unwrap();
        assert_eq!(context, Context::Sync);
        assert!(
            matches!(outcome, Err(WaitError::ThreadEnding { .. })),
            "{outcome:?}"
        );
    });
}

#[test]
fn a_given_runtime_is_home() {
    within(|| {
        let runtime = multi_thread();
        let bridge = on(&runtime);
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

/// Otherwise the wait would poll the timer in a runtime that has ended, and the
/// timer would panic.
#[test]
fn a_given_runtime_that_has_ended_is_none() {
    within(|| {
        let runtime = multi_thread();
        let given = runtime.handle().clone();
        let bridge = Bridge::builder().runtime(given).build().unwrap();
        drop(runtime);
        for _ in 0..2 {
            let outcome = bridge.try_wait(async { sleep(Duration::from_millis(1)).await });
            assert!(
                matches!(outcome, Err(WaitError::RuntimeGone { .. })),
                "{outcome:?}"
            );
        }
    });
}

/// The kill timer is shorter than the blocking task runs.
#[test]
fn a_shutdown_is_bounded() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        bridge.wait(async {
            let stuck = move || held.recv_timeout(Duration::from_mins(2)).is_err();
            drop(spawn_blocking(stuck));
        });
        let _report = bridge.shutdown(Duration::from_millis(20)).wait();
        let outcome = bridge.try_wait(async {});
        assert!(matches!(outcome, Err(WaitError::RuntimeGone { .. })));
        drop(release);
    });
}

/// Tokio refuses to block in a poll, but no probe shows that here.
#[test]
fn a_shutdown_in_a_root_that_looks_like_blocking_code() {
    within(|| {
        let shuts_down = |in_set| {
            let bridge = Bridge::builder().worker_threads(1).build().unwrap();
            let outcome = bridge.try_wait(real_work());
            if in_set {
                would_freeze(outcome);
            } else {
                assert_eq!(outcome.unwrap(), 7);
            }
            // A wait on a plain thread starts home.
            let other = bridge.clone();
            thread::spawn(move || other.wait(async {})).join().unwrap();
            let _report = bridge.shutdown(Duration::from_millis(100)).wait();
            let outcome = thread::spawn(move || bridge.try_wait(async {})).join();
            let outcome = outcome.unwrap();
            assert!(matches!(outcome, Err(WaitError::RuntimeGone { .. })));
        };
        multi_thread().block_on(async {
            block_in_place(|| ());
            shuts_down(false);
        });
        multi_thread().block_on(tokio::task::unconstrained(async { shuts_down(false) }));
        let set = LocalSet::new();
        let unseen = tokio::task::unconstrained(async { shuts_down(true) });
        set.block_on(&multi_thread(), unseen);
    });
}
