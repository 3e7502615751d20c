//! Checks that a wait needs no more stack than Tokio's `block_on`.
//!
//! A future of 800 KiB must fit through every entry point on a thread of 2 MiB,
//! which is the default size. A stack overflow ends the process, so each entry
//! point runs in a child process. The build is not optimised, so each function
//! that takes the future by value keeps a copy in its frame.

#![expect(
    clippy::large_stack_arrays,
    reason = "the large arrays are what is tested"
)]

use std::{
    env, future::poll_fn, hint::black_box, pin::Pin, process::Command, task::Poll, thread,
    time::Duration,
};

use bridge::{BoxCall, Bridge, Call, Pool, Wait, smartasync};
use testkit::within;
use tokio::runtime::{Builder, Runtime};

const SIZE: usize = 800 << 10;

/// The variable that names the child's entry point.
const WAY: &str = "BRIDGE_TEST_WAY";
/// The variable with the stack size of the child's thread in KiB, for
/// measurements.
const STACK: &str = "BRIDGE_TEST_STACK";

/// Returns pending once, so that a wait parks with the array in its future.
async fn once_pending() {
    let mut is_woken = false;
    poll_fn(|cx| {
        if is_woken {
            return Poll::Ready(());
        }
        is_woken = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn large() -> u8 {
    let array = [7; SIZE];
    black_box(&array);
    once_pending().await;
    array[SIZE - 1]
}

/// A builder with a large future, which can be awaited directly.
struct Query;

impl IntoFuture for Query {
    type Output = u8;
    type IntoFuture = Pin<Box<dyn Future<Output = u8>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(large())
    }
}

#[smartasync]
async fn smart() -> u8 {
    let array = [7; SIZE];
    black_box(&array);
    once_pending().await;
    array[SIZE - 1]
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap()
}

/// Runs `body` in a poll on this thread.
fn in_root<T>(body: impl FnOnce() -> T) -> T {
    multi_thread().block_on(async { body() })
}

/// The size of the values that a closure or a `fn` captures. `spawn_blocking`
/// has room for this size, but not for twice as much.
const CAPTURED: usize = 300 << 10;

/// Returns a closure that captures a large array.
fn captured() -> impl FnOnce() -> u8 + Send + 'static {
    let array = [7; CAPTURED];
    move || black_box(&array)[CAPTURED - 1]
}

const LIMIT: Duration = Duration::from_mins(1);

type Way = (&'static str, fn() -> u8);

/// The entry points that wait for a large future, or spawn one.
const WAYS: &[Way] = &[
    ("tokio: Runtime::block_on", || {
        multi_thread().block_on(large())
    }),
    ("tokio: Handle::block_on", || {
        multi_thread().handle().block_on(large())
    }),
    ("tokio: Runtime::spawn", || {
        let runtime = multi_thread();
        let task = runtime.spawn(large());
        runtime.block_on(task).unwrap()
    }),
    (".wait()", || large().wait()),
    (".try_wait()", || large().try_wait().unwrap()),
    (".wait_timeout()", || large().wait_timeout(LIMIT).unwrap()),
    ("wait", || bridge::wait(large())),
    ("try_wait", || bridge::try_wait(large()).unwrap()),
    ("Bridge::wait", || Bridge::global().wait(large())),
    ("Bridge::try_wait", || {
        Bridge::global().try_wait(large()).unwrap()
    }),
    ("Bridge::wait_timeout", || {
        Bridge::global().wait_timeout(large(), LIMIT).unwrap()
    }),
    ("wait_frozen", || bridge::wait_frozen(large())),
    ("try_wait_frozen in a current-thread root", || {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { bridge::try_wait_frozen(large()).unwrap() })
    }),
    ("wait_frozen_timeout", || {
        bridge::wait_frozen_timeout(large(), LIMIT).unwrap()
    }),
    ("Bridge::wait_frozen", || {
        Bridge::global().wait_frozen(large())
    }),
    (".wait() of a builder", || Query.wait()),
    (".wait() in a root", || in_root(|| large().wait())),
    (".wait() in a task", || {
        let runtime = multi_thread();
        let task = runtime.spawn(async { large().wait() });
        runtime.block_on(task).unwrap()
    }),
    (".wait() in a wait", || {
        bridge::wait(async { large().wait() })
    }),
    (".wait() of a debugged bridge", || {
        let bridge = Bridge::builder().debug(true).build().unwrap();
        bridge.wait(large())
    }),
    ("smart .wait()", || smart().wait()),
    ("smart .try_wait()", || smart().try_wait().unwrap()),
    ("smart .wait_timeout()", || {
        smart().wait_timeout(LIMIT).unwrap()
    }),
    ("smart Call::wait", || Call::wait(smart())),
    ("smart Call::try_wait", || Call::try_wait(smart()).unwrap()),
    ("smart Call::wait_timeout", || {
        Call::wait_timeout(smart(), LIMIT).unwrap()
    }),
    ("smart .on().wait()", || smart().on(Bridge::global()).wait()),
    ("smart .on().try_wait()", || {
        smart().on(Bridge::global()).try_wait().unwrap()
    }),
    ("smart .on().wait_timeout()", || {
        let call = smart().on(Bridge::global());
        call.wait_timeout(LIMIT).unwrap()
    }),
    ("smart .on().dispatch()", || {
        smart().on(Bridge::global()).dispatch().wait()
    }),
    ("smart .on() twice", || {
        smart().on(Bridge::global()).on(Bridge::global()).wait()
    }),
    ("smart .on(), awaited", || {
        multi_thread().block_on(smart().on(Bridge::global()))
    }),
    ("smart Call::on", || {
        Call::on(smart(), Bridge::global()).wait()
    }),
    ("BoxCall::new", || BoxCall::new(smart()).wait()),
    ("BoxCall::from", || {
        BoxCall::from(smart()).try_wait().unwrap()
    }),
    ("BoxCall .wait_timeout()", || {
        BoxCall::new(smart()).wait_timeout(LIMIT).unwrap()
    }),
    ("BoxCall .on().wait()", || {
        BoxCall::new(smart()).on(Bridge::global()).wait()
    }),
    ("BoxCall of .on()", || {
        BoxCall::new(smart().on(Bridge::global())).wait()
    }),
    ("BoxCall .on().wait_timeout()", || {
        let call = BoxCall::new(smart()).on(Bridge::global());
        call.wait_timeout(LIMIT).unwrap()
    }),
    ("BoxCall .offload(), refused", || {
        let refused = BoxCall::new(smart()).offload().unwrap_err();
        refused.wait()
    }),
    ("BoxCall, awaited", || {
        multi_thread().block_on(BoxCall::new(smart()))
    }),
    ("BoxCall .dispatch()", || {
        BoxCall::new(smart()).dispatch().wait()
    }),
    (".dispatch(), ready", || smart().dispatch().wait()),
    ("Call::dispatch, ready", || Call::dispatch(smart()).wait()),
    (".dispatch(), pending, awaited", || {
        multi_thread().block_on(async { smart().dispatch().await })
    }),
    (".dispatch(), pending, waited", || {
        in_root(|| smart().dispatch().wait())
    }),
    ("tokio: Runtime::spawn_blocking", || {
        let runtime = multi_thread();
        let task = runtime.spawn_blocking(captured());
        runtime.block_on(task).unwrap()
    }),
    ("offload", || bridge::wait(bridge::offload(captured()))),
    ("Bridge::offload", || {
        bridge::wait(Bridge::global().offload(captured()))
    }),
    ("Bridge::try_offload", || {
        bridge::wait(Bridge::global().try_offload(captured()).unwrap())
    }),
    ("Pool::run", || {
        bridge::wait(Pool::default().run(captured()))
    }),
    ("Pool::try_run", || {
        bridge::wait(Pool::default().try_run(captured()).unwrap())
    }),
    ("spawn", || bridge::wait(bridge::spawn(large())).unwrap()),
    ("Bridge::spawn", || {
        bridge::wait(Bridge::global().spawn(large())).unwrap()
    }),
    ("Lineage::scope", || {
        bridge::wait(bridge::Lineage::current().scope(large()))
    }),
];

fn take(way: &str) {
    let stack = env::var(STACK).map_or(2048, |kib| kib.parse().unwrap());
    let (_, run) = WAYS.iter().find(|(name, _)| *name == way).unwrap();
    let thread = thread::Builder::new().stack_size(stack << 10);
    assert_eq!(thread.spawn(run).unwrap().join().unwrap(), 7);
}

#[test]
fn a_large_future_fits_through_every_way_in() {
    if let Ok(way) = env::var(WAY) {
        within(|| take(&way));
        return;
    }
    let mut overflown = Vec::new();
    for (way, _) in WAYS {
        let child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "a_large_future_fits_through_every_way_in"])
            .env(WAY, way)
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        // A child that finds no test of this name ends well too.
        let has_run = output.contains("test result: ok. 1 passed");
        if !child.status.success() || !has_run {
            let errors = String::from_utf8_lossy(&child.stderr);
            overflown.push((way, format!("{output}{errors}")));
        }
    }
    assert!(overflown.is_empty(), "{overflown:#?}");
}
