//! Remembers the runtime that drives a poll, while the poll runs.
//!
//! To look up the current runtime, a thread takes a reference count and gives
//! it back, which costs 4 ns. The answer may also be wrong: a foreign
//! `enter()` guard changes `Handle::current()`, but it does not change which
//! runtime polls the task. No public function of Tokio names that runtime under
//! such a guard. A [`Cache`] knows it, at less than half of the cost, if a spawn
//! wrapper has told it.
//!
//! ```
//! use std::{pin::Pin, sync::Arc, task::{Context, Poll}};
//! use bridge_cache::{Cache, Driver};
//! use tokio::runtime::{Builder, Handle};
//!
//! /// What a spawn wrapper does around each poll.
//! struct Driven<F> {
//!     cache: Arc<Cache>,
//!     driver: Driver,
//!     future: Pin<Box<F>>,
//! }
//!
//! impl<F: Future> Future for Driven<F> {
//!     type Output = F::Output;
//!
//!     fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
//!         let Self { cache, driver, future } = &mut *self;
//!         cache.driven(driver, || future.as_mut().poll(cx))
//!     }
//! }
//!
//! let own = Builder::new_multi_thread().build()?;
//! let foreign = Builder::new_multi_thread().build()?;
//! let (own_id, foreign_handle) = (own.handle().id(), foreign.handle().clone());
//! let cache = Arc::new(Cache::new());
//!
//! let task = own.spawn(Driven {
//!     cache: cache.clone(),
//!     driver: Driver::new(own.handle().clone()),
//!     future: Box::pin(async move {
//!         let _guard = foreign_handle.enter();
//!         assert_eq!(Handle::current().id(), foreign_handle.id());
//!         cache.with_driver(|driver| assert_eq!(driver.unwrap().id(), own_id));
//!         cache.reset();
//!         cache.with_driver(|driver| assert!(driver.is_none()));
//!     }),
//! });
//! own.block_on(task).unwrap();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # The law
//!
//! A cached runtime is always alive, and always drives this poll or a poll that
//! encloses it. A context is never cached, so it is never stale.
//!
//! *Why it holds.* [`Cache::driven`] makes an entry around a poll, from the
//! handle on which the bridge spawned the future. It takes the entry back when
//! the call ends, by return or by panic. In between, that runtime is polling,
//! so it is alive. Everything that is nested on this stack (a guard, a
//! `block_in_place`, the `block_on` of another runtime) is enclosed by that
//! poll.
//!
//! Each cache has one slot on each thread, and only that thread reaches it. No
//! entry is keyed by a task's id, because no entry outlives its poll.
//!
//! [`Cache::reset`] ends a generation, so the next look-up of every thread is
//! fresh. Nothing else crosses threads. Loom checks the protocol.
//!
//! # What is not cached
//!
//! | what | why |
//! |---|---|
//! | the runtime of a task that was spawned without the bridge | a first look-up may happen under a guard, and then nothing tells which runtime polls the task. A worker index beyond the handle's workers, or an index other than 0 under a current-thread handle, proves that a handle is foreign, but nothing proves the opposite. So such a look-up is fresh each time |
//! | the context, in a worker | a fresh look costs less than a look into the slot |
//! | the context, in the root future of a `block_on` | a `block_in_place` changes the context, and only a fresh look finds the trace of that |
//! | the contexts `Sync` and `Blocking` | a guard or a `block_on` on the same thread changes them, and the cache does not notice |
//! | an owned [`Handle`](tokio::runtime::Handle) | a clone costs what the cache would save, so [`Cache::with_driver`] lends the handle |
//!
//! # What it costs
//!
//! `cargo xtask bench --only P12` measures it in the repository. On a virtual machine with
//! two processors, with Tokio 1.54.1, a look at the remembered runtime took 1.9 ns, where
//! `Handle::try_current()` took 4.4 ns.
//!
//! No operation counts a reference. A thread's first driven poll of a cache may allocate the
//! thread's slot, and its first of all caches takes a lock of the crate `thread_local`. No other
//! operation allocates or takes a lock.
#![forbid(unsafe_code)]

mod cache;
mod driver;
mod generation;
#[cfg(all(test, bridge_loom))]
mod loom_tests;
mod slot;
mod sync;

pub use cache::Cache;
pub use driver::Driver;
