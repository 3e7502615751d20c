//! Checks handlers: each source of a handler, of each kind, called from each side.
#![deny(warnings)]

use std::{
    collections::HashMap,
    future::ready,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use bridge::{Bridge, Handler, OffloadError, WaitError, smartasync};
use testkit::{panic_text, within};
use tokio::{runtime, task::JoinSet};

const LIMIT: Duration = Duration::from_secs(20);

/// The argument of a function, and the thread that ran the function.
type Seen = (u32, ThreadId);

fn seen(x: u32) -> Seen {
    (x, thread::current().id())
}

#[smartasync]
async fn smart_async(x: u32) -> Seen {
    tokio::task::yield_now().await;
    seen(x)
}

#[smartasync]
fn smart_sync(x: u32) -> Seen {
    seen(x)
}

#[smartasync(debug)]
fn smart_debug(x: u32) -> Seen {
    seen(x)
}

async fn plain_async(x: u32) -> Seen {
    tokio::task::yield_now().await;
    seen(x)
}

fn plain_sync(x: u32) -> Seen {
    seen(x)
}

fn boxed(x: u32) -> Pin<Box<dyn Future<Output = Seen> + Send>> {
    Box::pin(plain_async(x))
}

/// The kind that a handler should have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Async,
    Sync,
    Either,
}

/// Returns a handler of every source, with its kind and the kind of its calls.
#[expect(clippy::redundant_closure, reason = "closures are among the sources")]
fn sources() -> Vec<(&'static str, Kind, Kind, Handler<u32, Seen>)> {
    use Kind::{Async, Either, Sync};
    let text = String::from("a capture");
    let borrows = bridge::smart_async_fn(async move |x| {
        tokio::task::yield_now().await;
        assert_eq!(text.len(), 9);
        seen(x)
    });
    let (one, two) = (Handler::from(smart_async), Handler::from(smart_sync));
    let by_hand = Handler::from_async_fn(async |x| seen(x));
    vec![
        ("smart async fn", Async, Async, smart_async.into()),
        ("smart fn", Sync, Sync, smart_sync.into()),
        ("smart fn, debug", Sync, Sync, smart_debug.into()),
        (
            "closure, async call",
            Async,
            Async,
            (|x| smart_async(x)).into(),
        ),
        ("closure, sync call", Sync, Sync, (|x| smart_sync(x)).into()),
        (
            "closure, call on a bridge",
            Sync,
            Sync,
            (|x| smart_sync(x).on(Bridge::global())).into(),
        ),
        (
            "closure, borrowing async",
            Async,
            Async,
            (move |x| borrows.call(x)).into(),
        ),
        (
            "closure, boxed async call",
            Either,
            Async,
            (move |x| one.call(x)).into(),
        ),
        (
            "closure, boxed sync call",
            Either,
            Sync,
            (move |x| two.call(x)).into(),
        ),
        ("from_fn, fn", Sync, Sync, Handler::from_fn(plain_sync)),
        (
            "from_fn, closure",
            Sync,
            Sync,
            Handler::from_fn(|x| seen(x)),
        ),
        (
            "from_async_fn, async fn",
            Async,
            Async,
            Handler::from_async_fn(plain_async),
        ),
        (
            "from_async_fn, closure",
            Async,
            Async,
            Handler::from_async_fn(|x| async move { seen(x) }),
        ),
        (
            "from_async_fn, async closure",
            Async,
            Async,
            Handler::from_async_fn(async |x| seen(x)),
        ),
        (
            "from_async_fn, boxed",
            Async,
            Async,
            Handler::from_async_fn(boxed),
        ),
        (
            "from_async_fn, ready",
            Async,
            Async,
            Handler::from_async_fn(|x| ready(seen(x))),
        ),
        ("SmartFn", Sync, Sync, bridge::smart_fn(plain_sync).into()),
        (
            "SmartFutureFn",
            Async,
            Async,
            bridge::smart_future_fn(plain_async).into(),
        ),
        (
            "SmartAsyncFn",
            Async,
            Async,
            bridge::smart_async_fn(async |x| seen(x)).into(),
        ),
        ("a clone", Async, Async, by_hand.clone()),
    ]
}

#[test]
fn the_kind_is_remembered() {
    for (name, kind, _, handler) in sources() {
        assert_eq!(handler.is_async(), kind == Kind::Async, "{name}");
        assert_eq!(handler.is_sync(), kind == Kind::Sync, "{name}");
        let shown = match kind {
            Kind::Async => "Handler { kind: async, function: ",
            Kind::Sync => "Handler { kind: sync, function: ",
            Kind::Either => "Handler { kind: either kind, function: ",
        };
        assert!(
            format!("{handler:?}").starts_with(shown),
            "{name}: {handler:?}"
        );
    }
    for (handler, shown) in [
        (
            bridge::smart_fn(plain_sync).into(),
            "Handler { kind: sync, function: handlers::plain_sync }",
        ),
        (
            Handler::from_async_fn(plain_async),
            "Handler { kind: async, function: handlers::plain_async }",
        ),
        (
            Handler::from_async_fn(boxed),
            "Handler { kind: async, function: handlers::boxed }",
        ),
        (
            Handler::from(smart_async),
            "Handler { kind: async, function: handlers::smart_async }",
        ),
    ] {
        assert_eq!(format!("{handler:?}"), shown);
    }
}

#[test]
fn every_source_is_called_from_sync_code() {
    let here = thread::current().id();
    let bridge = Bridge::builder().max_threads(1).worker_threads(1);
    let bridge = bridge.build().unwrap();
    for (name, _, kind, handler) in sources() {
        within(|| {
            // A wait polls or calls here.
            assert_eq!(handler.call(1).wait(), (1, here), "{name}");
            assert_eq!(handler.call(2).try_wait().unwrap(), (2, here), "{name}");
            assert_eq!(handler.call(3).on(&bridge).wait(), (3, here), "{name}");
            let outcome = handler.call(4).dispatch();
            assert!(outcome.is_ready(), "{name}");
            assert_eq!(outcome.wait(), (4, here), "{name}");
            // Nothing can interrupt a `fn` here, so a limit moves it to the pool.
            let (x, thread) = handler.call(5).wait_timeout(LIMIT).unwrap();
            assert_eq!((x, thread == here), (5, kind == Kind::Async), "{name}");
        });
    }
}

#[test]
fn every_source_is_called_from_async_code() {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.unwrap();
    let here = thread::current().id();
    for (name, _, kind, handler) in sources() {
        within(|| {
            runtime.block_on(async {
                let expected = |x, seen: Seen| {
                    // An async function stays on the only thread of this runtime.
                    let found = (seen.0, seen.1 == here);
                    assert_eq!(found, (x, kind == Kind::Async), "{name}");
                };
                expected(1, handler.call(1).await);
                let outcome = handler.call(2).dispatch();
                assert!(!outcome.is_ready(), "{name}");
                expected(2, outcome.await);
                expected(3, tokio::spawn(handler.clone().call(3)).await.unwrap());
                let mut set = JoinSet::new();
                set.spawn(handler.call(4));
                expected(4, set.join_next().await.unwrap().unwrap());
            });
        });
    }
}

#[test]
fn a_wait_in_a_task_follows_the_kind() {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    for (name, _, kind, handler) in sources() {
        let result = within(|| runtime.block_on(async { handler.call(1).try_wait() }));
        match kind {
            // The plain call, as in `SyncCall::wait`.
            Kind::Sync => assert_eq!(result.unwrap().0, 1, "{name}"),
            _ => assert!(
                matches!(result, Err(WaitError::WouldFreeze { .. })),
                "{name}"
            ),
        }
    }
}

#[test]
fn nothing_runs_before_the_wait() {
    let runs = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&runs);
    let sync = Handler::from_fn(move |x| count.fetch_add(x, Ordering::Relaxed));
    let count = Arc::clone(&runs);
    let future = Handler::from_async_fn(move |x| ready(count.fetch_add(x, Ordering::Relaxed)));
    for handler in [sync, future] {
        drop(handler.call(1));
        let call = handler.call(2);
        assert_eq!(runs.load(Ordering::Relaxed), 0);
        assert_eq!(within(|| call.wait()), 0);
        assert_eq!(runs.swap(0, Ordering::Relaxed), 2);
    }
}

#[test]
fn errors_and_panics_pass_through() {
    let parse = Handler::from_fn(|text: String| text.parse::<u8>());
    let fail = Handler::from_async_fn(async |text: String| -> u8 { panic!("no {text}") });
    let runtime = runtime::Runtime::new().unwrap();
    within(|| {
        assert_eq!(parse.call("7".to_owned()).wait(), Ok(7));
        assert!(parse.call("seven".to_owned()).wait().is_err());
        runtime.block_on(async {
            assert!(parse.call("seven".to_owned()).await.is_err());
            let task = tokio::spawn(fail.call("tea".to_owned()));
            let payload = task.await.unwrap_err().into_panic();
            assert_eq!(panic_text(&*payload), "no tea");
        });
        let panic = catch_unwind(AssertUnwindSafe(|| fail.call("milk".to_owned()).wait()));
        assert_eq!(panic_text(&*panic.unwrap_err()), "no milk");
    });
}

#[test]
fn an_error_of_the_pool_names_the_line_of_the_call() {
    let runtime = runtime::Runtime::new().unwrap();
    let bridge = Bridge::builder().max_threads(1).build().unwrap();
    let report = within(|| bridge.shutdown(Duration::ZERO).wait());
    assert!(report.running.is_empty());
    let inner = Handler::from(smart_sync);
    let smart: [Handler<u32, Seen>; 6] = [
        smart_sync.into(),
        smart_debug.into(),
        (|x| smart_sync(x)).into(),
        Handler::from_fn(plain_sync),
        bridge::smart_fn(plain_sync).into(),
        (move |x| inner.call(x)).into(),
    ];
    for handler in smart {
        let (call, line) = (handler.call(1), line!());
        let place = format!("{}:{line}:", file!());
        let job = call.on(&bridge).offload().expect("a `fn` has a job");
        let error = within(|| runtime.block_on(job.outcome())).unwrap_err();
        assert!(matches!(error, OffloadError::ShutDown { .. }), "{error:?}");
        assert!(error.to_string().contains(&place), "{error}, not {place}");
    }
}

#[test]
fn handlers_of_several_values_and_of_none() {
    let sum = Handler::from_fn(|(a, b): (u8, u8)| a + b);
    let none = Handler::from_async_fn(async |()| 7);
    let mut map = HashMap::from([("sum", sum)]);
    map.insert("product", Handler::from_async_fn(async |(a, b)| a * b));
    within(|| {
        assert_eq!(map["sum"].call((2, 3)).wait(), 5);
        assert_eq!(map["product"].call((2, 3)).wait(), 6);
        assert_eq!(none.call(()).wait(), 7);
    });
}

#[test]
fn a_handler_is_two_pointers_and_goes_everywhere() {
    fn assert_shared<T: Send + Sync + Clone + Unpin + 'static>() {}
    assert_shared::<Handler<u8, u8>>();
    // It holds neither arguments nor results.
    assert_shared::<Handler<Rc<u8>, Rc<u8>>>();
    let size = size_of::<Handler<[u8; 100], u8>>();
    assert_eq!(size, 2 * size_of::<usize>());
}
