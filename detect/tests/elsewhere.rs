//! The places where Tokio polls nothing: plain threads, guards, destructors,
//! other executors. And the corners that no public API decides.

mod common;

use std::{
    cell::RefCell,
    sync::mpsc,
    task::{Context as TaskContext, Poll, Waker},
    thread,
};

use bridge_detect::{Context, Mark, Place, in_async, warm_up};
use common::{ct, mt, rayon_pool};
use testkit::within;
use tokio::{
    sync::broadcast,
    task::{self, LocalSet, coop},
};

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

/// The first root of a thread leaves a kept guard behind; the answers before
/// and after it come from different experiments and are the same.
#[test]
fn both_probes_agree_and_leave_the_budget_alone() {
    within(|| {
        let mt = mt();
        let _guard = mt.enter();
        for _ in 0..3 {
            assert_eq!(Context::current(), Context::Blocking);
            assert_eq!(left(), None);
            mt.block_on(async {
                for spent in 0..=128 {
                    assert_eq!(left(), Some(128 - spent));
                    assert_eq!(
                        Context::current(),
                        Context::Async,
                        "{spent} operations spent"
                    );
                    assert_eq!(Context::current(), Context::Async);
                    assert_eq!(left(), Some(128 - spent), "the probe changed the budget");
                    if let Poll::Ready(operation) = operation() {
                        operation.made_progress();
                    }
                }
            });
        }
    });
}

/// Wherever a thread is when it is warmed up, it is told the same afterwards.
#[test]
fn warming_up_changes_no_answer() {
    within(|| {
        let look = || {
            let cold = (Place::current(), left());
            for _ in 0..2 {
                warm_up();
                assert_eq!((Place::current(), left()), cold);
            }
            cold.0
        };
        assert_eq!(thread::spawn(look).join().unwrap(), Place::Thread);
        let mt = mt();
        let offloaded = mt.spawn_blocking(look);
        assert_eq!(mt.block_on(offloaded).unwrap(), Place::Blocking);
        assert_eq!(mt.block_on(async { look() }), Place::Root);
        let seen = mt.block_on(async { task::spawn(async move { look() }).await.unwrap() });
        assert!(matches!(seen, Place::Worker(_)));
        let _guard = mt.enter();
        assert_eq!(look(), Place::Blocking);
        let _mark = Mark::Job.set();
        assert_eq!(look(), Place::Job);
    });
}

fn operation() -> Poll<coop::RestoreOnPending> {
    coop::poll_proceed(&mut TaskContext::from_waker(Waker::noop()))
}

/// How many operations the budget in force allows, without taking any.
fn left() -> Option<usize> {
    let mut taken = Vec::new();
    for count in 0..=128 {
        match operation() {
            Poll::Ready(guard) => taken.push(guard),
            Poll::Pending => {
                // The last to be dropped restores what was there before.
                taken.into_iter().rev().for_each(drop);
                return Some(count);
            }
        }
    }
    None
}

#[test]
fn marks_count_where_tokio_shows_nothing() {
    within(|| {
        let (mt, ct) = (mt(), ct());
        for (mark, place) in [
            (Mark::Job, Place::Job),
            (Mark::Wait, Place::Wait),
            (Mark::Foreign, Place::Foreign),
        ] {
            let set = mark.set();
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
            assert_eq!(Place::current(), Place::Thread, "after the mark");
        }
    });
}

fn place_of_root() -> Place {
    Place::Root
}

#[test]
fn a_mark_does_not_outlive_a_panic() {
    let panic = std::panic::catch_unwind(|| {
        let _mark = Mark::Wait.set();
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(panic.is_err());
    assert_eq!(Mark::current(), Mark::None);
}

#[test]
fn other_executors_are_sync_unless_marked() {
    fn drive(
        name: &str,
        block_on: impl Fn(std::pin::Pin<Box<dyn Future<Output = Context>>>) -> Context,
    ) {
        assert_eq!(
            block_on(Box::pin(async { Context::current() })),
            Context::Sync,
            "{name}"
        );
        let marked = in_async(async {
            let before = Context::current();
            smol::future::yield_now().await;
            (before, Context::current())
        });
        let both = async {
            assert_eq!(marked.await, (Context::Async, Context::Async));
            Context::current()
        };
        assert_eq!(
            block_on(Box::pin(both)),
            Context::Sync,
            "the mark ends with the poll"
        );
        let spread = in_async(async { thread::spawn(Context::current).join().unwrap() });
        assert_eq!(
            block_on(Box::pin(spread)),
            Context::Sync,
            "another thread has no mark"
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
fn under_a_guard_other_executors_are_blocking_unless_marked() {
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
        let place = async || in_async(async { (Place::current(), Mark::current()) }).await;
        assert_eq!(ct().block_on(place()), (Place::Worker(0), Mark::None));
        assert_eq!(mt().block_on(place()), (Place::Root, Mark::None));
        let _wait = Mark::Wait.set();
        assert_eq!(pollster::block_on(place()), (Place::Wait, Mark::Wait));
    });
}

#[test]
fn in_async_is_as_movable_and_as_large_as_what_it_wraps() {
    fn send<T: Send>(_: &T) {}
    let future = async { 7 };
    let size = size_of_val(&future);
    let marked = in_async(future);
    send(&marked);
    assert_eq!(size_of_val(&marked), size);
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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let told = spawned(&runtime);
        drop(runtime);
        assert_eq!(
            told.recv().unwrap(),
            Place::Blocking,
            "on a dropped current-thread runtime"
        );

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let told = spawned(&runtime);
        drop(runtime);
        // The worker that drops it still owns its core: blocking would hold it up.
        assert_eq!(
            told.recv().unwrap(),
            Place::Worker(0),
            "on a dropped multi-thread runtime"
        );
    });
}

struct LookAtEnd(mpsc::Sender<Place>);

impl Drop for LookAtEnd {
    fn drop(&mut self) {
        self.0.send(Place::current()).unwrap();
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
    told.recv().unwrap()
}

#[test]
fn thread_local_destructors_are_sync() {
    fn touch_tokio() {
        mt().block_on(async { assert_eq!(Place::current(), Place::Root) });
    }
    fn nothing() {}
    within(|| {
        // The order of a thread's destructors is the platform's affair, so a
        // runtime's locals may be gone already or not.
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

#[test]
fn a_local_set_without_a_runtime_is_foreign() {
    within(|| {
        let seen = |wrapped: bool| {
            let local = LocalSet::new();
            let task = local.spawn_local(async move {
                if wrapped {
                    coop::unconstrained(async { Place::current() }).await
                } else {
                    Place::current()
                }
            });
            pollster::block_on(local);
            pollster::block_on(task).unwrap()
        };
        assert_eq!(seen(false), Place::Foreign);
        // Corner: without its budget it cannot be told from a task's destructor.
        assert_eq!(seen(true), Place::Thread);
        let _job = Mark::Job.set();
        assert_eq!(seen(false), Place::Foreign);
    });
}

/// Corner: Tokio's blocking receivers poll under a budget of their own, and
/// call `Clone` in there.
#[test]
fn clone_inside_a_blocking_receiver_under_a_runtime_looks_like_a_root() {
    struct Value(Option<Place>);
    impl Clone for Value {
        fn clone(&self) -> Self {
            Self(Some(Place::current()))
        }
    }
    let receive = || {
        let (sender, mut receiver) = broadcast::channel(1);
        // A second receiver, so that the value is cloned and not moved out.
        let _second = sender.subscribe();
        assert!(sender.send(Value(None)).is_ok());
        receiver.blocking_recv().unwrap().0.unwrap()
    };
    within(|| {
        assert_eq!(receive(), Place::Thread);
        let mt = mt();
        let _guard = mt.enter();
        assert_eq!(receive(), Place::Root);
    });
}

/// Corner: nothing tells a `LocalSet` on a multi-thread root from that root.
#[test]
fn a_local_set_on_a_multi_thread_root_is_a_root() {
    within(|| {
        let seen = LocalSet::new().block_on(&mt(), async {
            task::spawn_local(async { Place::current() }).await.unwrap()
        });
        assert_eq!(seen, Place::Root);
    });
}

/// Corner: a guard that lies about the flavour does not move the worker index.
#[test]
fn the_worker_index_survives_foreign_guards() {
    within(|| {
        let (own, other) = (ct(), mt());
        own.block_on(async {
            let _guard = other.enter();
            assert_eq!(Place::current(), Place::Worker(0));
        });
    });
}
