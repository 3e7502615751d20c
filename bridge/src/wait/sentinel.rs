//! Telling threads that wait inside a runtime that it is gone.
//!
//! When a Tokio runtime ends, it drops its tasks. So one task per runtime, that
//! does nothing, serves as a sentinel: its destructor wakes every thread that
//! waits inside that runtime. Tokio drops tasks before it ends the drivers, so
//! such a thread sees [`Post::is_gone`] before a timer of the runtime panics
//! under it. A wait posts itself only when it is about to park.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use offload_pool::{fork, park::Unparker};
use tokio::runtime::{Handle, Id};

/// The runtimes that have a sentinel; an entry goes with its runtime.
static SENTINELS: Mutex<Option<Sentinels>> = Mutex::new(None);

#[derive(Default)]
struct Sentinels {
    /// A fork's child starts afresh: the tasks are its parent's.
    generation: usize,
    by_runtime: HashMap<Id, Arc<Sentinel>>,
}

#[derive(Default)]
struct Sentinel {
    gone: AtomicBool,
    posts: Mutex<Posts>,
}

#[derive(Default)]
struct Posts {
    next: u64,
    waiting: HashMap<u64, Unparker>,
}

/// A thread's entry with the sentinel of the runtime it waits inside.
pub(super) struct Post {
    sentinel: Arc<Sentinel>,
    number: u64,
}

impl Post {
    /// Enters a thread that is about to park inside the runtime that is
    /// reachable here; `None` if there is none.
    pub(super) fn enter(unparker: &Unparker) -> Option<Self> {
        let runtime = Handle::try_current().ok()?;
        let sentinel = sentinel_of(&runtime);
        let mut posts = lock(&sentinel.posts);
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
        lock(&self.sentinel.posts).waiting.remove(&self.number);
    }
}

fn sentinel_of(runtime: &Handle) -> Arc<Sentinel> {
    let id = runtime.id();
    let mut all = lock(&SENTINELS);
    let all_here = all.get_or_insert_default();
    if all_here.generation != fork::generation() {
        *all_here = Sentinels {
            generation: fork::generation(),
            ..Sentinels::default()
        };
    }
    if let Some(sentinel) = all_here.by_runtime.get(&id) {
        return Arc::clone(sentinel);
    }
    let sentinel = Arc::<Sentinel>::default();
    all_here.by_runtime.insert(id, Arc::clone(&sentinel));
    drop(all);
    // Outside the lock: on a runtime that has ended, the task is dropped here.
    let on_drop = OnDrop {
        id,
        sentinel: Arc::clone(&sentinel),
    };
    runtime.spawn(async move {
        let _on_drop = on_drop;
        std::future::pending::<()>().await;
    });
    sentinel
}

/// What the task holds.
struct OnDrop {
    id: Id,
    sentinel: Arc<Sentinel>,
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(all) = &mut *lock(&SENTINELS) {
            all.by_runtime.remove(&self.id);
        }
        // Before the wake-ups: whoever posts itself later sees it, for it looks
        // after it has posted.
        self.sentinel.gone.store(true, Ordering::Release);
        let waiting: Vec<_> = lock(&self.sentinel.posts)
            .waiting
            .values()
            .cloned()
            .collect();
        waiting.iter().for_each(Unparker::unpark);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
