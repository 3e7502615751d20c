//! Checks time limits and panics.

use super::*;

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
        assert!(
            matches!(outcome, Err(WaitError::TimedOut { .. })),
            "{outcome:?}"
        );
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(Arc::strong_count(&alive), 1);
        // A future that always wakes itself times out too.
        let busy = std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            std::task::Poll::<()>::Pending
        });
        let outcome = busy.wait_timeout(Duration::from_millis(20));
        assert!(matches!(outcome, Err(WaitError::TimedOut { .. })));
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
fn a_panic_while_the_thread_was_parked_passes_through() {
    within(|| {
        for on_worker in [false, true] {
            let (send, receive) = oneshot::channel::<()>();
            let waits = move || {
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    wait(async {
                        receive.await.unwrap();
                        panic!("later")
                    })
                }));
                let payload: Box<dyn std::any::Any + Send> = match outcome {
                    Ok(never) => never,
                    Err(payload) => payload,
                };
                assert_eq!(panic_text(&*payload), "later");
                assert_eq!(wait(real_work()), 7, "the thread waits on");
            };
            let sender = thread::spawn(move || {
                // This is longer than the wait spins. If the wake-up came
                // earlier, the test would still pass.
                thread::sleep(Duration::from_millis(5));
                send.send(()).unwrap();
            });
            if on_worker {
                let runtime = one_worker();
                let task = runtime.spawn(async { waits() });
                runtime.block_on(task).unwrap();
            } else {
                waits();
            }
            sender.join().unwrap();
        }
    });
}

/// The limit must not need a runtime's clock.
#[test]
fn a_deadline_fires_where_nobody_drives_what_the_future_needs() {
    within(|| {
        let undriven = current_thread();
        let timer = {
            let _guard = undriven.enter();
            sleep(Duration::from_millis(1))
        };
        let outcome = timer.wait_timeout(Duration::from_millis(20));
        assert!(matches!(outcome, Err(WaitError::TimedOut { .. })));
        let task = undriven.spawn(async {});
        let outcome = task.wait_timeout(Duration::from_millis(20));
        assert!(matches!(outcome, Err(WaitError::TimedOut { .. })));
    });
}

/// The clock can't represent such a deadline, so the wait has none.
#[test]
fn a_limit_that_no_clock_reaches_is_none() {
    within(|| {
        let limit = Duration::MAX;
        assert_eq!(real_work().wait_timeout(limit).unwrap(), 7);
        let frozen = current_thread()
            .block_on(async { bridge::wait_frozen_timeout(real_work(), limit).unwrap() });
        assert_eq!(frozen, 7);
    });
}

/// Otherwise a parked wait would run over its limit until something else wakes it.
#[test]
fn a_deadline_wakes_the_wait_by_itself() {
    const LIMIT: Duration = Duration::from_millis(400);
    within(|| {
        let is_in_time = |_| {
            let start = Instant::now();
            let outcome = std::future::pending::<()>().wait_timeout(LIMIT);
            let elapsed = start.elapsed();
            assert!(matches!(outcome, Err(WaitError::TimedOut { .. })));
            assert!(elapsed >= LIMIT, "{elapsed:?}");
            elapsed < Duration::from_millis(600)
        };
        // A busy machine may be late, but not each time.
        assert!((0..20).any(is_in_time));
    });
}

/// An error without a place would leave the user to search for the call.
#[test]
fn every_error_names_its_line() {
    within(|| {
        let line = line!() + 1;
        let error = std::future::pending::<()>().wait_timeout(Duration::ZERO);
        let error = error.unwrap_err();
        assert_eq!((error.at().file(), error.at().line()), (file!(), line));
        let place = format!("{}:{line}", file!());
        assert!(error.to_string().contains(&place), "{error}");
    });
}
