//! Checks that waits take builders: values that implement `IntoFuture`.

use std::{
    future::{Ready, ready},
    task,
};

use super::*;

/// Converts into a future of another type, and records in which runtime.
struct Builder {
    seen: Arc<Mutex<Vec<Option<tokio::runtime::Id>>>>,
}

impl Builder {
    fn new() -> (Self, impl Fn() -> Vec<Option<tokio::runtime::Id>>) {
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let builder = Self {
            seen: Arc::clone(&seen),
        };
        (builder, move || seen.lock().unwrap().clone())
    }
}

impl IntoFuture for Builder {
    type Output = u32;
    type IntoFuture = Ready<u32>;

    fn into_future(self) -> Ready<u32> {
        let here = Handle::try_current().ok().map(|here| here.id());
        self.seen.lock().unwrap().push(here);
        ready(7)
    }
}

/// Makes its timer when it converts, as the futures of many libraries do.
struct Eager;

impl IntoFuture for Eager {
    type Output = u32;
    type IntoFuture = Pin<Box<dyn Future<Output = u32>>>;

    fn into_future(self) -> Self::IntoFuture {
        let timer = sleep(Duration::from_millis(1));
        let task = tokio::spawn(async { 7 });
        Box::pin(async move {
            timer.await;
            task.await.unwrap()
        })
    }
}

type Way = fn() -> u32;

const WAYS: &[(&str, Way)] = &[
    (".wait()", || Eager.wait()),
    (".try_wait()", || Eager.try_wait().unwrap()),
    (".wait_timeout()", || {
        Eager.wait_timeout(Duration::from_hours(1)).unwrap()
    }),
    ("wait", || wait(Eager)),
    ("try_wait", || try_wait(Eager).unwrap()),
    ("wait_frozen", || bridge::wait_frozen(Eager)),
    ("try_wait_frozen", || {
        bridge::try_wait_frozen(Eager).unwrap()
    }),
    ("wait_frozen_timeout", || {
        bridge::wait_frozen_timeout(Eager, Duration::from_hours(1)).unwrap()
    }),
    ("Bridge::wait", || Bridge::global().wait(Eager)),
    ("Bridge::try_wait", || {
        Bridge::global().try_wait(Eager).unwrap()
    }),
    ("Bridge::wait_timeout", || {
        let limit = Duration::from_hours(1);
        Bridge::global().wait_timeout(Eager, limit).unwrap()
    }),
    ("Bridge::wait_frozen", || {
        Bridge::global().wait_frozen(Eager)
    }),
];

#[test]
fn every_way_takes_a_builder_that_needs_a_runtime() {
    within(|| {
        for (name, way) in WAYS {
            assert_eq!(way(), 7, "{name} on a plain thread");
            let undriven = current_thread();
            let _guard = undriven.enter();
            assert_eq!(
                way(),
                7,
                "{name} under a guard of a runtime that nobody drives"
            );
        }
        let runtime = multi_thread();
        for (name, way) in WAYS {
            let task = runtime.spawn(async { way() });
            assert_eq!(runtime.block_on(task).unwrap(), 7, "{name} in a task");
            let job = runtime.spawn_blocking(way);
            assert_eq!(runtime.block_on(job).unwrap(), 7, "{name} in blocking code");
        }
    });
}

#[test]
fn the_conversion_runs_once_inside_the_runtime_that_the_wait_rests_on() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let home = bridge.handle().unwrap().id();

        let (builder, seen) = Builder::new();
        assert_eq!(bridge.wait(builder), 7);
        assert_eq!(seen(), [Some(home)], "on a plain thread");
        assert_eq!(Context::current(), Context::Sync);

        let (builder, seen) = Builder::new();
        let runtime = multi_thread();
        let own = bridge.clone();
        runtime.block_on(async { spawn_blocking(move || own.wait(builder)).await.unwrap() });
        assert_eq!(seen(), [Some(runtime.handle().id())], "in blocking code");

        let (builder, seen) = Builder::new();
        let runtime = current_thread();
        let own = bridge.clone();
        runtime.block_on(async { spawn_blocking(move || own.wait(builder)).await.unwrap() });
        assert_eq!(seen(), [Some(home)], "where the wait rests on home");
    });
}

#[test]
fn a_builder_that_borrows_is_taken() {
    struct Borrowing<'a>(&'a str);
    impl<'a> IntoFuture for Borrowing<'a> {
        type Output = &'a str;
        type IntoFuture = Ready<&'a str>;

        fn into_future(self) -> Ready<&'a str> {
            ready(self.0)
        }
    }
    within(|| {
        let text = String::from("seven");
        assert_eq!(Borrowing(&text).wait(), "seven");
        // A `Pin<&mut F>` is a future too, and the wait does not move `F`.
        let mut future = std::pin::pin!(async { text.as_str() });
        assert_eq!(future.as_mut().wait(), "seven");
    });
}

#[test]
fn an_error_names_the_builder() {
    within(|| {
        let (builder, _) = Builder::new();
        let error = current_thread().block_on(async { try_wait(builder) });
        let text = error.unwrap_err().to_string();
        assert!(text.contains("builders::Builder"), "{text}");
    });
}

#[test]
fn where_home_is_gone_the_builder_is_not_converted() {
    within(|| {
        let bridge = Bridge::builder().build().unwrap();
        let _nothing_was_admitted = bridge.shutdown(Duration::ZERO).wait();
        let (builder, seen) = Builder::new();
        let outcome = bridge.try_wait(builder);
        assert!(
            matches!(outcome, Err(WaitError::RuntimeGone { .. })),
            "{outcome:?}"
        );
        assert_eq!(seen(), []);
    });
}

/// Otherwise a large builder, or one of a large future, converts outside any runtime, where
/// it can make no timer.
#[test]
fn what_is_large_converts_inside_the_runtime_too() {
    struct Large {
        _bytes: [u8; 16_000],
    }
    impl IntoFuture for Large {
        type Output = tokio::runtime::Id;
        type IntoFuture = Ready<tokio::runtime::Id>;

        fn into_future(self) -> Self::IntoFuture {
            ready(Handle::current().id())
        }
    }
    struct OfLarge;
    struct LargeFuture {
        _bytes: [u8; 16_000],
        here: tokio::runtime::Id,
    }
    impl Future for LargeFuture {
        type Output = tokio::runtime::Id;

        fn poll(self: Pin<&mut Self>, _: &mut task::Context<'_>) -> task::Poll<Self::Output> {
            task::Poll::Ready(self.here)
        }
    }
    impl IntoFuture for OfLarge {
        type Output = tokio::runtime::Id;
        type IntoFuture = LargeFuture;

        fn into_future(self) -> LargeFuture {
            LargeFuture {
                _bytes: [0; 16_000],
                here: Handle::current().id(),
            }
        }
    }
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let home = bridge.handle().unwrap().id();
        let large = Large {
            _bytes: [0; 16_000],
        };
        assert_eq!(bridge.wait(large), home);
        assert_eq!(bridge.wait(OfLarge), home);
    });
}
