//! Remembers the runtime that drives a poll; re-checks everything else.
//!
//! Looking up the current runtime costs a reference count: 12 ns to take it and
//! give it back. Worse, it may be the wrong answer: a foreign `enter()` guard
//! changes `Handle::current()`, but not whose task this is, and no public
//! function of Tokio names the runtime that drives a thread under such a guard.
//! A [`Cache`] knows that runtime, at a tenth of the cost, where it was told.
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
//! A cached context equals a fresh one, always. A cached runtime is alive, and
//! drives this poll or encloses what does, always.
//!
//! *Why it holds.* An entry is made by [`Cache::driven`] around a poll, from the
//! handle on which the bridge itself spawned the future, and is taken back when
//! that call is left, by return or panic. In between that runtime is polling,
//! so it is alive; and whatever nests on this stack (a guard, a
//! `block_in_place`, another runtime's `block_on`) is enclosed by that poll.
//! Entries are per thread and are reached by their own thread only. Nothing is
//! keyed by a task's id, because nothing outlives a poll that could need it.
//!
//! [`Cache::reset`] makes every thread's next look-up fresh, by ending a
//! generation. That is the only thing that crosses threads, and it is checked
//! with loom.
//!
//! # What is not cached
//!
//! | what | why |
//! |---|---|
//! | the runtime of a task that was spawned without the bridge | a first look-up may be made under a guard, and nothing then tells whose task this is: a worker index beyond the handle's workers, or other than 0 under a current-thread handle, proves that a handle is foreign, but nothing proves that it is not. Such a look-up is fresh each time |
//! | the context, in a worker | fresh it costs half as much as a look into the slot (0.5 against 0.9 ns) |
//! | the context, in a root | a `block_in_place` ends it and leaves no other trace than the one that a fresh look finds |
//! | `Sync` and `Blocking` | a guard or a `block_on` on the same thread ends them unnoticed |
//! | an owned [`Handle`](tokio::runtime::Handle) | cloning it is the cost that a cache would save: [`Cache::with_driver`] lends it instead |
//!
//! # What it costs
//!
//! Measured on a 2-core x86-64 virtual machine, Tokio 1.54.1, release with thin
//! LTO, beside `Handle::try_current()` at 12 ns: a remembered runtime 0.9 ns, a
//! fresh one 13 ns, finding out that nothing is remembered 0.6 ns, and 2.5 ns
//! for each driven poll. Nothing allocates, counts a reference or takes a lock,
//! except that a fresh runtime is counted by Tokio.
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
