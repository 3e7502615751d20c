//! Checks which runtime a cache remembers, and for how long.
#![cfg(not(bridge_loom))]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Barrier, mpsc},
    task::{Context, Poll},
    thread,
};

use bridge_cache::{Cache, Driver};
use testkit::within;
use tokio::{
    runtime::{Builder, Handle, Id, Runtime},
    task,
};

fn mt() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

fn ct() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn remembered(cache: &Cache) -> Option<Id> {
    cache.with_driver(|driver| driver.map(Handle::id))
}

/// A future that tells a cache which runtime polls it, as a spawn wrapper does.
struct Driven<F> {
    cache: Arc<Cache>,
    driver: Driver,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Driven<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Self {
            cache,
            driver,
            future,
        } = &mut *self;
        cache.driven(driver, || future.as_mut().poll(cx))
    }
}

fn spawn<F>(cache: &Arc<Cache>, runtime: &Handle, future: F) -> task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let driver = Driver::new(runtime.clone());
    runtime.spawn(Driven {
        cache: cache.clone(),
        driver,
        future: Box::pin(future),
    })
}

#[test]
fn a_driven_task_remembers_its_runtime_through_guards_and_nesting() {
    within(|| {
        let (own, other) = (mt(), mt());
        let (own_id, other_id) = (own.handle().id(), other.handle().id());
        let cache = Arc::new(Cache::new());
        let inside = cache.clone();
        let other_handle = other.handle().clone();
        let task = spawn(&cache, own.handle(), async move {
            assert_eq!(remembered(&inside), Some(own_id));
            {
                let _guard = other_handle.enter();
                assert_eq!(Handle::current().id(), other_id);
                assert_eq!(remembered(&inside), Some(own_id), "under a foreign guard");
            }
            task::yield_now().await;
            assert_eq!(remembered(&inside), Some(own_id), "in a later poll");
            task::block_in_place(|| {
                assert_eq!(remembered(&inside), Some(own_id), "where it blocks");
                ct().block_on(async {
                    assert_eq!(remembered(&inside), Some(own_id), "it encloses this root");
                });
            });
        });
        own.block_on(task).unwrap();
        assert_eq!(remembered(&cache), None);
    });
}

#[test]
fn only_driven_polls_remember() {
    within(|| {
        let runtime = mt();
        let cache = Arc::new(Cache::new());
        let seen = cache.clone();
        runtime.block_on(async {
            assert_eq!(remembered(&seen), None, "in a root");
            let other = task::spawn(async move { remembered(&seen) });
            assert_eq!(other.await.unwrap(), None, "in a task of Tokio's");
            let seen = cache.clone();
            let offloaded = spawn(&cache, &Handle::current(), async move {
                task::spawn_blocking(move || remembered(&seen))
                    .await
                    .unwrap()
            });
            assert_eq!(offloaded.await.unwrap(), None, "another thread");
        });
    });
}

#[test]
fn the_innermost_driven_poll_is_remembered_and_the_outer_one_again_after_it() {
    within(|| {
        let (outer, inner) = (mt(), ct());
        let cache = Cache::new();
        let ids = [outer.handle().id(), inner.handle().id()];
        let [mut by_outer, mut by_inner] =
            [&outer, &inner].map(|runtime| Driver::new(runtime.handle().clone()));
        cache.driven(&mut by_outer, || {
            assert_eq!(remembered(&cache), Some(ids[0]));
            let panic = catch_unwind(AssertUnwindSafe(|| {
                cache.driven(&mut by_inner, || {
                    assert_eq!(remembered(&cache), Some(ids[1]));
                    std::panic::resume_unwind(Box::new(()));
                });
            }));
            assert!(panic.is_err());
            assert_eq!(remembered(&cache), Some(ids[0]), "after a panic");
            cache.driven(&mut by_inner, || {
                assert_eq!(remembered(&cache), Some(ids[1]));
            });
        });
        assert_eq!(remembered(&cache), None);
    });
}

#[test]
fn caches_share_nothing() {
    within(|| {
        let runtime = mt();
        let [mine, other] = [Cache::new(), Cache::new()];
        let mut driver = Driver::new(runtime.handle().clone());
        mine.driven(&mut driver, || {
            assert!(remembered(&mine).is_some());
            assert_eq!(remembered(&other), None);
            other.reset();
            assert!(remembered(&mine).is_some(), "another cache's reset");
        });
    });
}

#[test]
fn a_reset_from_another_thread_ends_what_is_remembered_until_the_next_poll() {
    within(|| {
        let runtime = mt();
        let cache = Cache::new();
        let mut driver = Driver::new(runtime.handle().clone());
        cache.driven(&mut driver, || {
            assert!(remembered(&cache).is_some());
            thread::scope(|scope| scope.spawn(|| cache.reset()).join().unwrap());
            assert_eq!(remembered(&cache), None);
        });
        cache.driven(&mut driver, || assert!(remembered(&cache).is_some()));
    });
}

#[test]
fn a_reset_reaches_every_thread() {
    within(|| {
        let runtime = mt();
        let cache = Cache::new();
        let (held, reset) = (Barrier::new(5), Barrier::new(5));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut driver = Driver::new(runtime.handle().clone());
                    cache.driven(&mut driver, || {
                        assert!(remembered(&cache).is_some());
                        held.wait();
                        reset.wait();
                        assert_eq!(remembered(&cache), None);
                    });
                });
            }
            held.wait();
            cache.reset();
            reset.wait();
        });
    });
}

#[test]
fn a_look_may_look_drive_and_panic() {
    within(|| {
        let (one, two) = (mt(), mt());
        let id = one.handle().id();
        let cache = Cache::new();
        let [mut by_one, mut by_two] =
            [&one, &two].map(|runtime| Driver::new(runtime.handle().clone()));
        cache.driven(&mut by_one, || {
            cache.with_driver(|_| {
                assert_eq!(remembered(&cache), Some(id));
                // The nested poll makes no entry, so the enclosing one stays.
                cache.driven(&mut by_two, || assert_eq!(remembered(&cache), Some(id)));
                assert_eq!(remembered(&cache), Some(id));
            });
            let panic = catch_unwind(AssertUnwindSafe(|| {
                cache.with_driver(|_| std::panic::resume_unwind(Box::new(())));
            }));
            assert!(panic.is_err());
            assert_eq!(remembered(&cache), Some(id));
            cache.driven(&mut by_two, || {
                assert_eq!(remembered(&cache), Some(two.handle().id()));
            });
        });
    });
}

/// Otherwise a dropped future or an ended thread would keep a runtime in
/// memory.
#[test]
fn a_poll_inside_a_look_that_finds_nothing_is_remembered() {
    within(|| {
        let runtime = mt();
        let id = runtime.handle().id();
        let cache = Cache::new();
        let mut driver = Driver::new(runtime.handle().clone());
        // The thread has a slot from here on, and it is empty.
        cache.driven(&mut driver, || assert_eq!(remembered(&cache), Some(id)));
        cache.with_driver(|nothing| {
            assert!(nothing.is_none());
            cache.driven(&mut driver, || assert_eq!(remembered(&cache), Some(id)));
            assert_eq!(remembered(&cache), None);
        });
    });
}

/// Otherwise a dropped future or an ended thread would keep a runtime in
/// memory.
#[test]
fn nothing_is_kept_beyond_the_poll() {
    within(|| {
        let runtime = mt();
        let cache = Arc::new(Cache::new());
        let inside = cache.clone();
        let never = spawn(&cache, runtime.handle(), async move {
            std::future::pending::<()>().await;
            drop(inside);
        });
        runtime.block_on(task::yield_now());
        never.abort();
        drop(runtime);
        assert_eq!(Arc::strong_count(&cache), 1);
    });
}

thread_local! {
    static AT_END: std::cell::RefCell<Option<AtEnd>> = const { std::cell::RefCell::new(None) };
}

struct AtEnd(Arc<Cache>, Runtime, mpsc::Sender<bool>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let looks = || {
            let mut driver = Driver::new(self.1.handle().clone());
            // Whether the slot is gone by now is the platform's affair.
            self.0.driven(&mut driver, || {
                let _ = remembered(&self.0);
            });
        };
        // A panic that leaves this would end the process.
        let is_calm = catch_unwind(AssertUnwindSafe(looks)).is_ok();
        self.2.send(is_calm).unwrap();
    }
}

/// Otherwise a destructor of a thread-local that uses a bridge would panic. The
/// order in which the thread-locals were made decides which is destroyed first.
#[test]
fn a_thread_that_ends_may_still_look() {
    let drive = |cache: &Cache, runtime: &Runtime| {
        cache.driven(&mut Driver::new(runtime.handle().clone()), || {
            assert_eq!(remembered(cache), Some(runtime.handle().id()));
        });
    };
    within(|| {
        for (before, after) in [(true, false), (false, true), (false, false)] {
            let (tell, told) = mpsc::channel();
            thread::spawn(move || {
                let (cache, runtime) = (Arc::new(Cache::new()), mt());
                if before {
                    drive(&cache, &runtime);
                }
                AT_END.set(Some(AtEnd(cache.clone(), mt(), tell)));
                if after {
                    drive(&cache, &runtime);
                }
            })
            .join()
            .unwrap();
            assert!(told.recv().unwrap(), "it panicked");
        }
    });
}
