//! Checks where panics point, and which call an error names.
#![deny(warnings)]

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe, RefUnwindSafe, UnwindSafe},
    pin::Pin,
    sync::{LazyLock, mpsc},
    task::{Context, Waker},
    time::Duration,
};

use bridge::{
    Bridge, BridgeShutdown, Handler, Offload, Pool, WaitError,
    offload::{PoolShutdown, TryOffload},
    smartasync,
};
use futures::FutureExt;
use testkit::{panic_place, within};

#[smartasync(blocking = next_blocking)]
async fn next(x: u32) -> u32 {
    x + 1
}

#[smartasync]
fn half(x: u32) -> u32 {
    x / 2
}

#[smartasync(bridge = Bridge::global().clone())]
async fn by_value() -> u8 {
    4
}

#[test]
fn a_failed_wait_panics_at_the_callers_line() {
    fn on_current_thread(f: impl FnOnce()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        within(|| runtime.block_on(async { f() }));
    }
    #[rustfmt::skip]
    let cases = [
        (line!(), panic_place(|| on_current_thread(|| { next(1).wait(); }))),
        (line!(), panic_place(|| on_current_thread(|| { by_value().wait(); }))),
        (line!(), panic_place(|| on_current_thread(|| { bridge::Call::wait(next(1)); }))),
        (line!(), panic_place(|| on_current_thread(|| { bridge::BoxCall::new(next(1)).wait(); }))),
        (line!(), panic_place(|| on_current_thread(|| { next(1).dispatch().wait(); }))),
        (line!(), panic_place(|| on_current_thread(|| { let _ = next_blocking(1); }))),
    ];
    for (line, place) in cases {
        assert_eq!(place, (file!().to_owned(), line));
    }
    on_current_thread(|| {
        let error = next(1).try_wait().unwrap_err();
        assert!(matches!(error, WaitError::WouldFreeze { .. }), "{error}");
        assert!(error.to_string().contains("panics::next` at"), "{error}");
        // With a limit, a `fn` is waited for too.
        for error in [
            half(1).wait_timeout(Duration::from_secs(1)).unwrap_err(),
            bridge::BoxCall::new(half(1))
                .wait_timeout(Duration::from_secs(1))
                .unwrap_err(),
        ] {
            assert!(error.to_string().contains("panics::half` at"), "{error}");
        }
        let error = bridge::BoxCall::new(next(1)).try_wait().unwrap_err();
        assert!(error.to_string().contains("panics::next` at"), "{error}");
    });
}

static ENDED: LazyLock<Bridge> = LazyLock::new(|| {
    let bridge = Bridge::builder().build().unwrap();
    let _report = bridge.shutdown(Duration::ZERO).wait();
    bridge
});

#[smartasync(bridge = ENDED)]
fn on_a_pool_that_is_shut_down(text: &str) -> usize {
    text.len()
}

#[test]
fn an_error_of_the_pool_names_the_line_of_the_call() {
    within(|| {
        let line = line!() + 1;
        let call = on_a_pool_that_is_shut_down("text");
        let payload = panic::catch_unwind(AssertUnwindSafe(|| bridge::wait(call))).unwrap_err();
        let text = testkit::panic_text(&*payload);
        assert!(text.contains(&format!("panics.rs:{line}")), "{text}");
    });
}

#[test]
fn a_polled_shutdown_panics_at_the_line_of_its_wait() {
    let bridge = Bridge::builder().max_threads(1).build().unwrap();
    let (release, held) = mpsc::channel::<()>();
    let job = bridge.offload(move || held.recv().is_err()).start();
    let mut shutdown = bridge.shutdown(Duration::from_secs(20));
    let mut context = Context::from_waker(Waker::noop());
    assert!(shutdown.poll_unpin(&mut context).is_pending());
    let (wait, line) = (|| drop(shutdown.wait()), line!());
    assert_eq!(panic_place(wait), (file!().to_owned(), line));
    drop(release);
    assert!(within(|| bridge.wait(job)));
}

/// Otherwise code at a language boundary, which catches every panic, does not compile.
#[test]
fn a_bridge_passes_through_catch_unwind() {
    fn assert_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
    fn fails() -> u8 {
        panic!("on purpose")
    }
    assert_unwind_safe::<(Bridge, Pool, BridgeShutdown, PoolShutdown)>();
    assert_unwind_safe::<(Offload<Cell<u8>>, TryOffload<Cell<u8>>)>();
    assert_unwind_safe::<Handler<Cell<u8>, Cell<u8>>>();
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        let handler = Handler::from_fn(|()| fails());
        panic::catch_unwind(|| bridge.wait(async { fails() })).unwrap_err();
        panic::catch_unwind(|| bridge.wait(bridge.offload(fails))).unwrap_err();
        panic::catch_unwind(|| handler.call(()).on(&bridge).wait()).unwrap_err();
        let caught = bridge.offload(fails).catch_unwind();
        futures::executor::block_on(caught).unwrap_err();
        assert_eq!(bridge.wait(bridge.offload(|| 7)), 7);
    });
}

/// So large that a wait boxes it first.
#[smartasync]
async fn large() -> u8 {
    let array = [7; 16 << 10];
    tokio::task::yield_now().await;
    array[std::hint::black_box(1)]
}

/// Otherwise the text names a type of the bridge around the future.
#[test]
fn the_refusal_of_a_large_call_names_its_function() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let refused = within(|| runtime.unwrap().block_on(async { large().try_wait() }));
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("`panics::large` at"), "{text}");
}

/// Otherwise the panic points into the bridge.
#[test]
fn a_call_that_lost_its_arguments_panics_at_the_callers_line() {
    struct Fragile;

    impl Clone for Fragile {
        fn clone(&self) -> Self {
            panic!("not to be copied")
        }
    }

    #[smartasync]
    fn look(_at: &Fragile) {}

    within(|| {
        let fragile = Fragile;
        let mut calls = [(); 3].map(|()| look(&fragile));
        for call in &mut calls {
            let poll = AssertUnwindSafe(|| {
                let mut cx = Context::from_waker(Waker::noop());
                let _never = Pin::new(&mut *call).poll(&mut cx);
            });
            panic::catch_unwind(poll).unwrap_err();
        }
        let [offloaded, tried, waited] = calls;
        #[rustfmt::skip]
        let places = [
            (line!(), panic_place(|| drop(offloaded.offload()))),
            (line!(), panic_place(|| drop(tried.try_offload()))),
            (line!(), panic_place(|| waited.wait())),
        ];
        for (line, place) in places {
            assert_eq!(place, (file!().to_owned(), line));
        }
    });
}

/// Otherwise the error names the line of the job twice, and that of the wait nowhere.
#[test]
fn a_wait_without_a_result_names_its_own_line() {
    within(|| {
        let bridge = Bridge::builder().build().unwrap();
        let _report = bridge.shutdown(Duration::ZERO).wait();
        // The wait rests on this runtime, because the bridge's own has ended.
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _here = runtime.enter();
        let limit = Duration::from_secs(20);
        let (call, job) = (half(1).on(&bridge), line!());
        let (result, wait) = (call.wait_timeout(limit), line!());
        let error = result.unwrap_err();
        let WaitError::OffloadFailed { error: of_job, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!((error.at().line(), of_job.at().line()), (wait, job));
    });
}
