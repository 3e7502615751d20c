//! Checks places where Tokio polls nothing: plain threads, guards, destructors
//! and other executors.

mod common;

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, mpsc},
    task::Poll,
    thread,
};

use bridge_detect::{Context, Place, ThreadTag, in_async, warm_up};
use common::{ct, mt, rayon_pool};
use testkit::within;
use tokio::{runtime::Builder, task};

#[test]
fn threads_of_no_runtime_are_sync() {
    within(|| {
        assert_eq!(Place::current(), Place::Thread);
        assert_eq!(thread::spawn(Place::current).join().unwrap(), Place::Thread);
        assert_eq!(rayon_pool().install(Place::current), Place::Thread);
    });
}

#[test]
fn a_guard_alone_is_blocking() {
    within(|| {
        let (mt, ct) = (mt(), ct());
        let outer = mt.enter();
        assert_eq!(Place::current(), Place::Blocking);
        let inner = ct.enter();
        assert_eq!(Place::current(), Place::Blocking);
        drop(inner);
        assert_eq!(Place::current(), Place::Blocking);
        drop(outer);
        assert_eq!(Place::current(), Place::Thread);
    });
}

#[test]
fn tags_count_where_tokio_shows_nothing() {
    within(|| {
        let (mt, ct) = (mt(), ct());
        for (tag, place) in [
            (ThreadTag::Job, Place::Job),
            (ThreadTag::Wait, Place::Wait),
            (ThreadTag::Foreign, Place::Foreign),
        ] {
            let set = tag.set();
            assert_eq!(Place::current(), place);
            let guard = mt.enter();
            assert_eq!(Place::current(), place, "under a guard");
            assert_eq!(
                mt.handle().block_on(async { Place::current() }),
                place_of_root()
            );
            assert_eq!(ct.block_on(async { Place::current() }), Place::Worker(0));
            assert_eq!(thread::spawn(Place::current).join().unwrap(), Place::Thread);
            drop((guard, set));
            assert_eq!(Place::current(), Place::Thread, "after the tag");
        }
    });
}

fn place_of_root() -> Place {
    Place::Root
}

#[test]
fn an_inner_mark_restores_the_outer_one() {
    let _job = ThreadTag::Job.set();
    for inner in [ThreadTag::Wait, ThreadTag::Foreign, ThreadTag::None] {
        let set = inner.set();
        assert_eq!(ThreadTag::current(), inner);
        drop(set);
        assert_eq!(ThreadTag::current(), ThreadTag::Job, "after {inner:?}");
    }
    assert_eq!(Context::current(), Context::Blocking);
}

#[test]
fn a_mark_does_not_outlive_a_panic() {
    let panic = std::panic::catch_unwind(|| {
        let _tag = ThreadTag::Wait.set();
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(panic.is_err());
    assert_eq!(ThreadTag::current(), ThreadTag::None);
}

#[test]
fn other_executors_are_sync_unless_tagged() {
    fn drive(
        name: &str,
        block_on: impl Fn(std::pin::Pin<Box<dyn Future<Output = Context>>>) -> Context,
    ) {
        assert_eq!(
            block_on(Box::pin(async { Context::current() })),
            Context::Sync,
            "{name}"
        );
        let tagged = in_async(async {
            let before = Context::current();
            smol::future::yield_now().await;
            (before, Context::current())
        });
        let both = async {
            assert_eq!(tagged.await, (Context::Async, Context::Async));
            Context::current()
        };
        assert_eq!(
            block_on(Box::pin(both)),
            Context::Sync,
            "the tag ends with the poll"
        );
        let spread = in_async(async { thread::spawn(Context::current).join().unwrap() });
        assert_eq!(
            block_on(Box::pin(spread)),
            Context::Sync,
            "another thread has no tag"
        );
    }
    within(|| {
        drive("pollster", pollster::block_on);
        drive("smol", smol::block_on);
        drive("smol's executor", |future| {
            let executor = smol::LocalExecutor::new();
            let task = executor.spawn(future);
            smol::block_on(executor.run(task))
        });
        drive("futures", futures::executor::block_on);
        drive("futures' pool", |future| {
            futures::executor::LocalPool::new().run_until(future)
        });
    });
}

#[test]
fn under_a_guard_other_executors_are_blocking_unless_tagged() {
    within(|| {
        let mt = mt();
        let _guard = mt.enter();
        assert_eq!(
            pollster::block_on(async { Place::current() }),
            Place::Blocking
        );
        assert_eq!(
            pollster::block_on(in_async(async { Place::current() })),
            Place::Foreign
        );
    });
}

#[test]
fn in_async_adds_nothing_to_a_detected_poll() {
    within(|| {
        let place = async || in_async(async { (Place::current(), ThreadTag::current()) }).await;
        assert_eq!(ct().block_on(place()), (Place::Worker(0), ThreadTag::None));
        assert_eq!(mt().block_on(place()), (Place::Root, ThreadTag::None));
    });
}

/// A future inside a wait may poll with another executor.
#[test]
fn in_async_tells_of_an_executor_inside_a_wait() {
    within(|| {
        let place = async || in_async(async { (Place::current(), ThreadTag::current()) }).await;
        let _wait = ThreadTag::Wait.set();
        let expected = (Place::Foreign, ThreadTag::Foreign);
        assert_eq!(pollster::block_on(place()), expected);
        let mt = mt();
        let _guard = mt.enter();
        assert_eq!(pollster::block_on(place()), expected);
        assert_eq!(Place::current(), Place::Wait);
    });
}

#[test]
fn in_async_is_as_movable_and_as_large_as_what_it_wraps() {
    fn send<T: Send>(_: &T) {}
    let future = async { 7 };
    let size = size_of_val(&future);
    let tagged = in_async(future);
    send(&tagged);
    assert_eq!(size_of_val(&tagged), size);
}

/// Looks when it is dropped, and sends what it saw.
struct Look(mpsc::Sender<Place>);

impl Drop for Look {
    fn drop(&mut self) {
        let _ = self.0.send(Place::current());
    }
}

#[test]
fn the_destructor_of_a_task() {
    within(|| {
        let spawned = |runtime: &tokio::runtime::Runtime| {
            let (tell, told) = mpsc::channel();
            let look = Look(tell);
            runtime.block_on(async {
                task::spawn(async move {
                    let _look = look;
                    std::future::pending::<()>().await;
                });
                task::yield_now().await;
            });
            told
        };
        let runtime = Builder::new_current_thread().build().unwrap();
        let told = spawned(&runtime);
        drop(runtime);
        assert_eq!(
            told.recv().unwrap(),
            Place::Blocking,
            "on a dropped current-thread runtime"
        );

        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let told = spawned(&runtime);
        drop(runtime);
        // The worker that drops the task still owns its core, so blocking would
        // stop it.
        assert_eq!(
            told.recv().unwrap(),
            Place::Worker(0),
            "on a dropped multi-thread runtime"
        );
    });
}

/// The caller of `block_on` drops the root after the last poll.
#[test]
fn the_destructor_of_a_root() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let root = || {
            let look = Look(tell.clone());
            std::future::poll_fn(move |_| {
                let _captured = &look;
                Poll::Ready(())
            })
        };
        mt().block_on(root());
        mt().handle().block_on(root());
        ct().block_on(root());
        ct().handle().block_on(root());
        drop(tell);
        assert_eq!(told.iter().collect::<Vec<_>>(), [Place::Blocking; 4]);
    });
}

#[test]
fn hooks_of_a_runtime() {
    within(|| {
        for mut builder in [Builder::new_multi_thread(), Builder::new_current_thread()] {
            let seen = Arc::new(Mutex::new(Vec::new()));
            let hook = |name: &'static str| {
                let seen = Arc::clone(&seen);
                move || seen.lock().unwrap().push((name, Place::current()))
            };
            let runtime = builder
                .worker_threads(1)
                .on_thread_start(hook("start"))
                .on_thread_park(hook("park"))
                .on_thread_unpark(hook("unpark"))
                .on_thread_stop(hook("stop"))
                .build()
                .unwrap();
            let is_seen = |name| seen.lock().unwrap().iter().any(|(seen, _)| *seen == name);
            while !is_seen("unpark") {
                let task = runtime.spawn(async { task::spawn_blocking(|| ()).await.unwrap() });
                runtime.block_on(task).unwrap();
            }
            drop(runtime);
            for name in ["start", "park", "stop"] {
                assert!(is_seen(name), "{name} was not called");
            }
            for (name, place) in &*seen.lock().unwrap() {
                let in_worker = matches!(*name, "park" | "unpark");
                let expected = if in_worker {
                    Place::Worker(0)
                } else {
                    Place::Blocking
                };
                assert_eq!(*place, expected, "{name}");
            }
        }
    });
}

/// Looks when its thread ends, also in a poll of another executor.
struct LookAtEnd(mpsc::Sender<[Place; 2]>);

impl Drop for LookAtEnd {
    fn drop(&mut self) {
        let place = Place::current();
        let _tag = ThreadTag::Foreign.set();
        self.0.send([place, Place::current()]).unwrap();
    }
}

thread_local! {
    static AT_END: RefCell<Option<LookAtEnd>> = const { RefCell::new(None) };
}

fn at_end_of_thread(before: fn(), after: fn()) -> Place {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        before();
        AT_END.set(Some(LookAtEnd(tell)));
        after();
    })
    .join()
    .unwrap();
    let [place, in_a_poll] = told.recv().unwrap();
    // Otherwise a wait there freezes that executor.
    assert_eq!(in_a_poll, Place::Foreign);
    place
}

#[test]
fn thread_local_destructors_are_sync() {
    fn touch_tokio() {
        mt().block_on(async { assert_eq!(Place::current(), Place::Root) });
    }
    fn nothing() {}
    within(|| {
        // The platform decides the order of a thread's destructors. So the
        // runtime's thread-locals may already be destroyed here.
        for (before, after) in [
            (nothing as fn(), nothing as fn()),
            (touch_tokio, nothing),
            (nothing, touch_tokio),
        ] {
            let place = at_end_of_thread(before, after);
            assert!(matches!(place, Place::Ending | Place::Thread), "{place:?}");
            assert_eq!(place.context(), Context::Sync);
        }
    });
}

/// Calls `warm_up` when its thread ends.
#[cfg(target_os = "linux")]
#[test]
fn a_thread_without_tokios_locals_is_ending() {
    within(|| {
        let place = at_end_of_thread(|| (), || drop(mt().enter()));
        assert_eq!(place, Place::Ending);
        let place = at_end_of_thread(|| drop(mt().enter()), || ());
        assert_eq!(place, Place::Thread, "Tokio's locals are still there");
    });
}

/// Warms its thread up when that ends.
struct WarmAtEnd(mpsc::Sender<bool>);

impl Drop for WarmAtEnd {
    fn drop(&mut self) {
        // A panic that leaves this would end the process.
        let is_calm = std::panic::catch_unwind(warm_up).is_ok();
        self.0.send(is_calm).unwrap();
    }
}

/// Tokio's thread-local for local sets may be destroyed before the others. Then
/// `warm_up` must not panic.
#[test]
fn a_thread_whose_local_sets_are_gone_is_not_warmed_up() {
    thread_local! {
        static AT_END: RefCell<Option<WarmAtEnd>> = const { RefCell::new(None) };
    }
    within(|| {
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            assert_eq!(Place::current(), Place::Thread);
            AT_END.set(Some(WarmAtEnd(tell)));
            let set = task::LocalSet::new();
            pollster::block_on(set.run_until(async {}));
        })
        .join()
        .unwrap();
        assert!(told.recv().unwrap(), "it panicked");
    });
}
