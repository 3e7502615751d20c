//! Checks the log lines of `#[smartasync(debug)]`.
//!
//! This is a test target of its own. `tracing` caches for each place in the
//! code whether a subscriber wants its events. If a thread without a subscriber
//! comes first, the subscriber of another thread gets nothing from that place.
#![deny(warnings)]

use std::{
    cell::Cell,
    fmt::Write as _,
    panic,
    pin::{Pin, pin},
    sync::{Arc, Mutex, mpsc},
    task::{Context, Waker},
    thread,
    time::Duration,
};

use bridge::{BoxCall, Bridge, Call, Handler, smartasync};
use testkit::within;
use tracing::Level;

const LIMIT: Duration = Duration::from_secs(20);

#[smartasync(debug)]
async fn logged(x: u8) -> u8 {
    x
}

#[smartasync(debug, blocking = logged_sync_blocking)]
fn logged_sync(x: &str) -> usize {
    x.len()
}

#[smartasync(debug)]
fn logged_sync_panic() {
    panic!("on purpose");
}

#[smartasync(debug)]
async fn logged_pending() {
    std::future::pending::<()>().await;
}

#[smartasync(debug)]
async fn logged_text(x: &str) -> usize {
    x.len()
}

/// So large that a wait boxes it first.
#[smartasync(debug)]
async fn logged_large() -> u8 {
    let array = [7; 16 << 10];
    tokio::task::yield_now().await;
    array[std::hint::black_box(1)]
}

/// A subscriber that keeps each event as a line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "bridge" && *metadata.level() == Level::DEBUG
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Line(String);
        impl tracing::field::Visit for Line {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                write!(self.0, "{}={value:?} ", field.name()).unwrap();
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn debug_logs_route_duration_and_caller() {
    let lines = Lines::default();
    let handlers = [
        Handler::from(logged_sync),
        Handler::from(|x: &'static str| logged_text(x)),
    ];
    let ended = Bridge::builder().build().unwrap();
    let _report = ended.shutdown(Duration::ZERO).wait();
    let busy = Bridge::builder().max_threads(1).build().unwrap();
    let (release, held) = mpsc::channel::<()>();
    let _plug = busy.offload(move || held.recv().is_err()).start();
    let runtime_of_waits = tokio::runtime::Runtime::new().unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    let first = line!() + 3;
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            logged(1).wait();
            logged_sync("a").wait();
            assert_eq!(logged_sync_blocking("a"), 1);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            runtime.block_on(async {
                logged(1).await;
                logged_sync("a").await;
                drop(logged(1).dispatch());
            });
            panic::catch_unwind(|| logged_sync_panic().wait()).unwrap_err();
            logged_pending().wait_timeout(Duration::ZERO).unwrap_err();
            logged(1).on(Bridge::global()).wait();
            logged_sync("a").on(Bridge::global()).wait();
            assert_eq!(logged_large().wait(), 7);
            handlers[0].call("a").wait();
            handlers[1].call("a").wait();
            handlers[1].call("a").wait_timeout(LIMIT).unwrap();
            BoxCall::new(logged(1)).wait();
            let _elsewhere = runtime_of_waits.enter();
            logged_sync("a").on(&ended).wait_timeout(LIMIT).unwrap_err();
            let mut polled = logged_sync("a").on(&busy);
            assert!(Pin::new(&mut polled).poll(&mut cx).is_pending());
            drop(release);
            polled.wait();
        });
    });
    let lines = lines.0.lock().unwrap();
    // With the line of the call, counted from the first.
    let expected = [
        (0, "call finished", "logged", "route=Wait"),
        (1, "call finished", "logged_sync", "route=Direct"),
        (2, "call finished", "logged_sync", "route=Direct"),
        (7, "call finished", "logged", "route=Await"),
        (8, "call finished", "logged_sync", "route=Offload"),
        (9, "call never ran", "logged", ""),
        (11, "call panicked", "logged_sync_panic", "route=Direct"),
        (12, "call abandoned", "logged_pending", "route=Wait"),
        (13, "call finished", "logged", "route=Wait"),
        (14, "call finished", "logged_sync", "route=Direct"),
        (15, "call finished", "logged_large", "route=Wait"),
        (16, "call finished", "logged_sync", "route=Direct"),
        (17, "call finished", "logged_text", "route=Wait"),
        (18, "call finished", "logged_text", "route=Wait"),
        (19, "call finished", "logged", "route=Wait"),
        (21, "call abandoned", "logged_sync", "route=Offload"),
        (22, "call finished", "logged_sync", "route=Offload"),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, (offset, message, name, route)) in lines.iter().zip(expected) {
        let (name, caller) = (
            format!("\"debug::{name}\""),
            format!("caller={}:{}:", file!(), first + offset),
        );
        for part in [message, &name, route, &caller] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
        assert_eq!(line.contains("elapsed="), !route.is_empty(), "{line}");
    }
}

/// A pinned call lives longer than its function.
#[test]
fn debug_logs_the_end_of_the_function() {
    let lines = Lines::default();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let awaited = async {
                let mut call = pin!(logged(1));
                call.as_mut().await;
                thread::sleep(Duration::from_secs(1));
            };
            futures::executor::block_on(awaited);
            let panics = async {
                let mut call = pin!(logged(1));
                assert_eq!(call.as_mut().await, 2, "on purpose");
            };
            let panics = || futures::executor::block_on(panics);
            panic::catch_unwind(panic::AssertUnwindSafe(panics)).unwrap_err();
        });
    });
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for line in lines.iter() {
        assert!(line.contains("call finished"), "{line}");
    }
    // A second would have no prefix.
    let elapsed = lines[0].split("elapsed=").nth(1).unwrap();
    let unit = elapsed.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    assert!(!unit.starts_with('s'), "{}", lines[0]);
}

/// The pool catches such a panic, so the call that is dropped afterwards unwinds nothing.
#[test]
fn debug_logs_a_panic_on_the_pool() {
    let lines = Lines::default();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let waits = || logged_sync_panic().wait_timeout(LIMIT);
            let _payload = panic::catch_unwind(waits).unwrap_err();
        });
    });
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in ["call panicked", "route=Offload"] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
}

/// Otherwise the log blames a destructor's call for the panic that made the destructor run.
#[test]
fn debug_logs_the_end_of_a_call_in_a_destructor() {
    struct Cleanup;
    impl Drop for Cleanup {
        fn drop(&mut self) {
            assert_eq!(logged_sync("a").wait(), 1);
            assert_eq!(logged(1).wait(), 1);
        }
    }
    let lines = Lines::default();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let fails = || {
                let _cleanup = Cleanup;
                panic!("on purpose");
            };
            let _payload = panic::catch_unwind(fails).unwrap_err();
        });
    });
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for line in lines.iter() {
        assert!(line.contains("call finished"), "{line}");
    }
}

#[smartasync(debug)]
async fn logged_panic() {
    panic!("on purpose");
}

/// Otherwise the log blames a call for the panic of its sibling, or clears one that panicked.
#[test]
fn debug_logs_whose_panic_it_was() {
    let lines = Lines::default();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let sibling = || {
                let mut call = pin!(logged_pending());
                let mut cx = Context::from_waker(Waker::noop());
                assert!(call.as_mut().poll(&mut cx).is_pending());
                panic!("on purpose");
            };
            let _payload = panic::catch_unwind(sibling).unwrap_err();
            let mut call = pin!(logged_panic());
            let poll = panic::AssertUnwindSafe(|| {
                let mut cx = Context::from_waker(Waker::noop());
                call.as_mut().poll(&mut cx).is_ready()
            });
            let _payload = panic::catch_unwind(poll).unwrap_err();
        });
    });
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains("call abandoned"), "{}", lines[0]);
    assert!(lines[1].contains("call panicked"), "{}", lines[1]);
}

/// Otherwise the log blames a call for the panic of the code that awaits it.
#[test]
fn debug_logs_no_panic_of_the_code_around_a_job() {
    let lines = Lines::default();
    let busy = Bridge::builder().max_threads(1).build().unwrap();
    let (_release, held) = mpsc::channel::<()>();
    let _plug = busy.offload(move || held.recv().is_err()).start();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let fails = || {
                let mut call = logged_sync("a").on(&busy);
                let mut cx = Context::from_waker(Waker::noop());
                assert!(Pin::new(&mut call).poll(&mut cx).is_pending());
                panic!("on purpose");
            };
            let _payload = panic::catch_unwind(fails).unwrap_err();
        });
    });
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in ["call abandoned", "route=Offload"] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
}

thread_local! {
    static FAILS: Cell<bool> = const { Cell::new(false) };
}

fn fails_once() -> &'static Bridge {
    let fails = FAILS.replace(false);
    assert!(!fails, "on purpose");
    Bridge::global()
}

#[smartasync(debug, bridge = fails_once())]
fn logged_later() {}

/// Returns a call whose first poll has panicked in the expression of its bridge.
fn polled_in_vain() -> impl Call<Output = ()> + Unpin {
    FAILS.set(true);
    let mut call = logged_later();
    let poll = panic::AssertUnwindSafe(|| {
        let mut cx = Context::from_waker(Waker::noop());
        Pin::new(&mut call).poll(&mut cx).is_ready()
    });
    let _payload = panic::catch_unwind(poll).unwrap_err();
    call
}

/// Otherwise such a call is logged as abandoned before it runs.
#[test]
fn debug_logs_a_call_whose_bridge_came_late() {
    let lines = Lines::default();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let mut call = polled_in_vain();
            futures::executor::block_on(&mut call);
            drop(call);
        });
    });
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in ["call finished", "route=Offload"] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
}

/// Otherwise the log says that the pool ran the function, and the logged time was over before the
/// function began.
#[test]
fn debug_logs_a_call_in_place_whose_bridge_never_came() {
    let ways: [fn(); 2] = [
        || polled_in_vain().wait(),
        || polled_in_vain().dispatch().wait(),
    ];
    for way in ways {
        let lines = Lines::default();
        within(|| tracing::subscriber::with_default(lines.clone(), way));
        let lines = lines.0.lock().unwrap();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        for part in ["call finished", "route=Direct"] {
            assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
        }
    }
}
