//! Telling threads that wait inside a runtime that it is gone.
//!
//! When a Tokio runtime ends, it drops its tasks. So one task per runtime, that
//! does nothing, serves as a sentinel: its destructor wakes every thread that
//! waits inside that runtime. Tokio drops tasks before it ends the drivers, so
//! such a thread sees [`Post::is_gone`] before a timer of the runtime panics
//! under it. A wait posts itself only when it is about to park.
//!
//! Which runtime that is, the wait's route says: what is reachable when it is
//! about to park may be another's, by a guard that its future holds.
//!
//! Some ends the sentinel can't tell: see [`doubt`](super::doubt).

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use offload_pool::{fork, park::Unparker};
use tokio::runtime::{Handle, Id};

use super::per_process::PerProcess;

/// The runtimes that have a sentinel; an entry goes with its runtime.
static SENTINELS: PerProcess<HashMap<Id, Arc<Sentinel>>> = PerProcess::new();

struct Sentinel {
    gone: AtomicBool,
    posts: Mutex<Posts>,
    /// The process that it tells in. In a child of that one, the lock may be
    /// held by a thread that stayed behind.
    generation: usize,
}

#[derive(Default)]
struct Posts {
    next: u64,
    waiting: HashMap<u64, Unparker>,
}

impl Sentinel {
    /// `None` in a fork's child.
    fn posts(&self) -> Option<MutexGuard<'_, Posts>> {
        (self.generation == fork::generation())
            .then(|| self.posts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A thread's entry with the sentinel of the runtime it waits inside.
pub(super) struct Post {
    sentinel: Arc<Sentinel>,
    number: u64,
}

impl Post {
    /// Enters a thread that is about to park inside this runtime; `None` in a
    /// fork's child.
    pub(super) fn enter(runtime: &Handle, unparker: &Unparker) -> Option<Self> {
        let sentinel = sentinel_of(runtime);
        let mut posts = sentinel.posts()?;
        let number = posts.next;
        posts.next += 1;
        posts.waiting.insert(number, unparker.clone());
        drop(posts);
        Some(Self { sentinel, number })
    }

    /// Whether the runtime has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.sentinel.gone.load(Ordering::Acquire)
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if let Some(mut posts) = self.sentinel.posts() {
            posts.waiting.remove(&self.number);
        }
    }
}

/// Whether this runtime has ended.
pub(crate) fn is_gone(runtime: &Handle) -> bool {
    sentinel_of(runtime).gone.load(Ordering::Acquire)
}

/// Whether a wait has parked inside this runtime in an ancestor of this process.
pub(super) fn was_posted_before(runtime: Id) -> bool {
    SENTINELS.any_before(|sentinels| sentinels.contains_key(&runtime))
}

fn sentinel_of(runtime: &Handle) -> Arc<Sentinel> {
    let id = runtime.id();
    let mut is_new = false;
    let sentinel = SENTINELS.with(|sentinels| {
        let sentinel = sentinels.entry(id).or_insert_with(|| {
            is_new = true;
            Arc::new(Sentinel {
                gone: AtomicBool::new(false),
                posts: Mutex::default(),
                generation: fork::generation(),
            })
        });
        Arc::clone(sentinel)
    });
    if is_new {
        // Outside the lock: on a runtime that has ended, the task is dropped
        // here.
        let on_drop = OnDrop {
            id,
            sentinel: Arc::clone(&sentinel),
        };
        runtime.spawn(async move {
            let _on_drop = on_drop;
            std::future::pending::<()>().await;
        });
    }
    sentinel
}

/// What the task holds.
struct OnDrop {
    id: Id,
    sentinel: Arc<Sentinel>,
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        SENTINELS.with(|sentinels| sentinels.remove(&self.id));
        // Before the wake-ups: whoever posts itself later sees it, for it looks
        // after it has posted.
        self.sentinel.gone.store(true, Ordering::Release);
        let Some(posts) = self.sentinel.posts() else {
            return;
        };
        let waiting: Vec<_> = posts.waiting.values().cloned().collect();
        drop(posts);
        waiting.iter().for_each(Unparker::unpark);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use offload_pool::park::Parker;
    use testkit::within;
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtime() -> Runtime {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).build().unwrap()
    }

    #[test]
    fn who_is_posted_is_woken_at_the_end() {
        within(|| {
            let runtime = runtime();
            let parkers = [(); 3].map(|()| Parker::new());
            let posts = parkers.each_ref().map(|parker| {
                let post = Post::enter(runtime.handle(), parker.unparker()).unwrap();
                assert!(!post.is_gone());
                post
            });
            drop(runtime);
            for (parker, post) in parkers.iter().zip(&posts) {
                let deadline = Instant::now() + Duration::from_secs(20);
                assert!(parker.park(Some(deadline)), "nobody woke it");
                assert!(post.is_gone());
            }
        });
    }

    #[test]
    fn a_post_goes_with_its_wait() {
        let runtime = runtime();
        let parker = Parker::new();
        let posted = || sentinel_of(runtime.handle()).posts().unwrap().waiting.len();
        let enter = || Post::enter(runtime.handle(), parker.unparker()).unwrap();
        let (first, second) = (enter(), enter());
        assert_eq!(posted(), 2);
        drop(first);
        assert_eq!(posted(), 1);
        drop(second);
        assert_eq!(posted(), 0);
    }

    #[test]
    fn an_entry_goes_with_its_runtime() {
        within(|| {
            let runtime = runtime();
            let id = runtime.handle().id();
            let has_entry = || SENTINELS.with(|sentinels| sentinels.contains_key(&id));
            assert!(!is_gone(runtime.handle()));
            assert!(has_entry());
            let handle = runtime.handle().clone();
            drop(runtime);
            assert!(!has_entry());
            assert!(is_gone(&handle), "asked when it has ended");
            assert!(!has_entry());
        });
    }
}
