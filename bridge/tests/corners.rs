//! Corners of calls and waits that the audit's coverage found untested.

use std::{
    future::{Future, IntoFuture, pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::mpsc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bridge::{Bridge, Call, Wait, WaitError, in_async, smartasync};
use testkit::{panic_text, within};

#[smartasync]
async fn twice(x: usize) -> usize {
    tokio::task::yield_now().await;
    2 * x
}

#[smartasync]
fn thrice(x: usize) -> usize {
    3 * x
}

#[smartasync(debug)]
fn traced(x: usize) -> usize {
    x
}

/// Every way to wait that generic code has.
fn in_all_ways<C: Call<Output = usize>>(make: impl Fn() -> C) -> [usize; 4] {
    let limit = Duration::from_secs(20);
    [
        make().wait(),
        make().try_wait().unwrap(),
        make().wait_timeout(limit).unwrap(),
        make().dispatch().wait(),
    ]
}

#[test]
fn generic_code_waits_in_all_ways() {
    within(|| {
        let large = |x| {
            let ballast = [1_u8; 4096];
            bridge::smart_async_fn(async move |x: usize| {
                tokio::task::yield_now().await;
                usize::from(ballast[x]) * 2 * x
            })
            .call(x)
        };
        assert_eq!(in_all_ways(|| twice(2)), [4; 4]);
        assert_eq!(in_all_ways(|| thrice(2)), [6; 4]);
        assert_eq!(in_all_ways(|| large(2)), [4; 4]);
        assert_eq!(in_all_ways(|| bridge::BoxCall::new(thrice(2))), [6; 4]);
        assert_eq!(in_all_ways(|| bridge::BoxCall::new(twice(2))), [4; 4]);
    });
}

#[test]
fn a_call_shows_its_function() {
    let shown = format!("{:?}", twice(1));
    assert!(
        shown.starts_with("AsyncCall") && shown.contains("twice"),
        "{shown}"
    );
    let shown = format!("{:?}", thrice(1));
    assert!(shown.contains("thrice"), "{shown}");
    assert!(format!("{:?}", traced(1)).contains("traced"));
    let boxed = bridge::BoxCall::new(twice(1));
    assert_eq!(format!("{boxed:?}"), "BoxCall { kind: Async, .. }");
}

/// Otherwise a log that shows a bridge does not tell which one it is.
#[test]
fn a_bridge_shows_its_name_and_its_shutdown_the_grace() {
    within(|| {
        let bridge = Bridge::builder().name("db").build().unwrap();
        let shown = format!("{bridge:?}");
        assert_eq!(
            shown,
            r#"Bridge { pool: Pool { name: Some("db"), .. }, .. }"#
        );
        let shutdown = bridge.shutdown(Duration::from_secs(7));
        let shown = format!("{shutdown:?}");
        assert_eq!(shown, "BridgeShutdown { grace: 7s, .. }");
    });
}

#[test]
fn an_outcome_shows_whether_it_is_ready() {
    within(|| {
        assert_eq!(format!("{:?}", twice(1).dispatch()), "Outcome(ready)");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let pending = runtime.block_on(async { format!("{:?}", twice(1).dispatch()) });
        assert_eq!(pending, "Outcome(pending)");
    });
}

#[test]
fn a_call_that_was_polled_gives_the_job_it_has() {
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        // While this holds the only thread, no call is ready at its first poll.
        let (release, held) = mpsc::channel::<()>();
        let plug = bridge.offload(move || held.recv().is_ok()).start();
        let polled = || {
            let mut call = thrice(2).on(&bridge);
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut call).poll(&mut cx).is_pending());
            call
        };
        let (first, second) = (polled().offload(), polled().try_offload().unwrap());
        drop(release);
        assert!(!bridge.wait(plug));
        assert_eq!((bridge.wait(first), bridge.wait(second)), (6, 6));
        assert_eq!(bridge.metrics().completed, 3, "no call ran twice");
    });
}

/// A call that was polled has its job, and nothing may run it a second time.
#[test]
fn a_call_that_was_polled_may_be_boxed() {
    within(|| {
        let build = |name| Bridge::builder().name(name).max_threads(1).build().unwrap();
        let (bridge, other) = (build("first"), build("other"));
        let (release, held) = mpsc::channel::<()>();
        let plug = bridge.offload(move || held.recv().is_ok()).start();
        let polled = || {
            let mut call = thrice(2).on(&bridge);
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut call).poll(&mut cx).is_pending());
            bridge::BoxCall::new(call)
        };
        let calls = [polled(), polled(), polled().on(&other), polled().on(&other)];
        drop(release);
        assert!(!bridge.wait(plug));
        let limit = Duration::from_secs(20);
        let [waited, limited, awaited, dispatched] = calls;
        assert_eq!(waited.wait(), 6);
        assert_eq!(limited.wait_timeout(limit).unwrap(), 6);
        assert_eq!(bridge::wait(awaited), 6);
        assert_eq!(dispatched.dispatch().wait(), 6);
        assert_eq!(bridge.metrics().completed, 5, "each call ran once");
        assert_eq!(other.metrics().completed, 0, "each stays on its pool");
    });
}

/// A builder that is awaited, and makes a timer as it is converted.
struct Query<const SIZE: usize>;

impl<const SIZE: usize> IntoFuture for Query<SIZE> {
    type Output = usize;
    type IntoFuture = Pin<Box<dyn Future<Output = usize> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let timer = tokio::time::sleep(Duration::from_millis(1));
        Box::pin(async move {
            timer.await;
            SIZE
        })
    }
}

#[test]
fn a_builder_converts_in_the_runtime_that_is_reachable() {
    within(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let inside = runtime.spawn_blocking(|| Query::<7>.try_wait().unwrap());
        assert_eq!(runtime.block_on(inside).unwrap(), 7);
        assert_eq!(Query::<8>.try_wait().unwrap(), 8);
    });
}

#[test]
fn a_frozen_wait_has_a_limit_on_an_instance_that_logs() {
    within(|| {
        let bridge = Bridge::builder().debug(true).build().unwrap();
        let limit = Duration::from_millis(1);
        let outcome = futures::executor::block_on(in_async(async {
            bridge.wait_frozen_timeout(pending::<()>(), limit)
        }));
        let is_late = matches!(outcome, Err(WaitError::TimedOut { .. }));
        assert!(is_late, "{outcome:?}");
    });
}

#[test]
fn a_wait_inside_a_frozen_one_waits_on_an_instance_that_logs() {
    within(|| {
        let bridge = Bridge::builder().debug(true).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let value = runtime
            .block_on(async { bridge.wait_frozen(async { bridge.wait(bridge.offload(|| 7)) }) });
        assert_eq!(value, 7);
    });
}

/// Otherwise a wait that never parks keeps its permit, which the very job that it waits for
/// needs.
#[test]
fn a_wait_that_is_woken_all_the_time_lets_other_jobs_run() {
    within(|| {
        // A thread that spins for nothing looks at the load. On a busy machine the wait of the
        // job would park then. So no other thread spins.
        let bridge = Bridge::builder().max_threads(1).spin(Duration::ZERO);
        let bridge = bridge.build().unwrap();
        let (tell, told) = mpsc::channel();
        let waits = bridge.offload(move || {
            bridge::wait(poll_fn(|cx| {
                if let Ok(told) = told.try_recv() {
                    return Poll::Ready(told);
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }))
        });
        let waits = waits.start();
        // The waiting job has not submitted this one, so nothing else lets it run.
        let behind = bridge.offload(move || tell.send(7).is_ok()).start();
        assert_eq!(bridge.wait(waits), 7);
        assert!(bridge.wait(behind));
    });
}

/// Otherwise such a wait has the settings of another bridge, and ends with it.
#[test]
fn a_frozen_wait_with_a_limit_rests_on_its_own_home() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let seen = runtime.block_on(async {
            let here = async { tokio::runtime::Handle::current().id() };
            bridge.wait_frozen_timeout(here, Duration::from_hours(1))
        });
        assert_eq!(seen.unwrap(), bridge.handle().unwrap().id());
    });
}

/// Otherwise the timers of such a wait stand still for the grace of the shutdown.
#[test]
fn a_wait_on_another_home_goes_on_beside_a_shutdown() {
    within(|| {
        let [bridge, other] =
            [(); 2].map(|()| Bridge::builder().worker_threads(1).build().unwrap());
        let (end, ends) = mpsc::channel::<()>();
        let blocks = bridge.handle().unwrap();
        let (start, started) = mpsc::channel();
        blocks.spawn_blocking(move || {
            start.send(()).unwrap();
            ends.recv().is_err()
        });
        started.recv().unwrap();
        let (report, ()) = other.wait(async {
            let beside = async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                drop(end);
            };
            tokio::join!(bridge.shutdown(Duration::MAX), beside)
        });
        assert_eq!(report.running.len(), 0);
    });
}

/// Otherwise an executor that polls under the guard of `enter` stands still for the grace of the
/// shutdown.
#[test]
fn another_executor_inside_home_goes_on_beside_a_shutdown() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let _entered = bridge.enter();
        let (end, ends) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let home = bridge.handle().unwrap();
        home.spawn_blocking(move || {
            start.send(()).unwrap();
            ends.recv().is_err()
        });
        started.recv().unwrap();
        let mut end = Some(end);
        let beside = poll_fn(|cx| {
            if bridge.handle().is_ok() {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            end = None;
            Poll::Ready(())
        });
        let both = futures::future::join(bridge.shutdown(Duration::MAX), beside);
        let (report, ()) = futures::executor::block_on(both);
        assert_eq!(report.running.len(), 0);
    });
}

/// Otherwise the second poll waits for ever.
#[test]
fn an_outcome_is_not_taken_twice() {
    within(|| {
        let mut cx = Context::from_waker(Waker::noop());
        let mut outcome = Box::pin(twice(2).dispatch());
        assert!(outcome.is_ready());
        assert_eq!(outcome.as_mut().poll(&mut cx), Poll::Ready(4));
        let again = AssertUnwindSafe(|| outcome.as_mut().poll(&mut cx).is_ready());
        let payload = catch_unwind(again).unwrap_err();
        assert!(panic_text(&*payload).contains("polled after it was ready"));
        let mut taken = thrice(2).dispatch();
        assert_eq!(Pin::new(&mut taken).poll(&mut cx), Poll::Ready(6));
        let payload = catch_unwind(AssertUnwindSafe(|| taken.wait())).unwrap_err();
        assert!(panic_text(&*payload).contains("taken by polling"));
    });
}

/// Otherwise the second poll waits for ever, because the thread that ended home has told it.
#[test]
fn a_shutdown_that_is_over_is_not_polled_again() {
    within(|| {
        for has_home in [false, true] {
            let bridge = Bridge::builder().worker_threads(1).build().unwrap();
            if has_home {
                let _started = bridge.handle().unwrap();
            }
            let mut shutdown = bridge.shutdown(Duration::from_secs(20));
            let report = futures::executor::block_on(&mut shutdown);
            assert!(report.running.is_empty());
            let mut cx = Context::from_waker(Waker::noop());
            let again = AssertUnwindSafe(|| Pin::new(&mut shutdown).poll(&mut cx).is_pending());
            let payload = catch_unwind(again).unwrap_err();
            let text = panic_text(&*payload);
            assert!(text.contains("after it had ended"), "{has_home}: {text}");
        }
    });
}
