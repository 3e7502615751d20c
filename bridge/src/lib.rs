//! Write a function once, call it from sync and from async code.
//!
//! ```
//! use bridge::smartasync;
//!
//! /// Async: it waits.
//! #[smartasync]
//! async fn fetch(page: &str) -> String {
//!     tokio::time::sleep(std::time::Duration::from_millis(1)).await;
//!     format!("the text of {page}")
//! }
//!
//! /// Sync: it blocks.
//! #[smartasync]
//! fn count(text: &str) -> usize {
//!     text.split(' ').count()
//! }
//!
//! // From sync code:
//! let text = fetch("a page").wait(); // polled here, on the bridge's runtime
//! let words = count(&text).wait();   // a plain call
//! assert_eq!(words, 5);
//!
//! // From async code:
//! async fn handler() {
//!     let text = fetch("a page").await; // the future itself
//!     let words = count(&text).await;   // on a thread of the bounded pool
//!     assert_eq!(words, 5);
//! }
//! # tokio::runtime::Runtime::new().unwrap().block_on(handler());
//! ```
//!
//! # What to use when
//!
//! | I have | and I am in | so I write |
//! |---|---|---|
//! | a function of my own | | [`#[smartasync]`](macro@smartasync) on it |
//! | any future, or a builder that is awaited | sync code | [`future.wait()`](Wait), [`wait(future)`](wait()) |
//! | any blocking closure | async code | [`offload(closure).await`](offload()) |
//! | a blocking closure that nobody awaits | sync or async code | [`offload(closure).detach()`](Offload::detach) |
//! | a smart call | I don't know which | [`call.dispatch()`](Call::dispatch), then look at the [`Outcome`] |
//! | sync and async plugins | | [`smart_fn`], [`smart_async_fn`], [`smart_future_fn`], [`BoxCall`] |
//! | a part that must not be starved by others | | a [`Bridge`] of its own, chosen by [`call.on(&bridge)`](Call::on) or [`bridge = EXPR`](macro@smartasync) |
//! | a pool that may be full or shut down | async code | [`call.try_offload()`](SyncCall::try_offload), [`call.offload().outcome()`](SyncCall::offload) |
//! | something to make or drop inside a runtime | sync code | [`let _entered = enter();`](enter) |
//! | asynchronous clean-up in a destructor | a current-thread runtime, perhaps | [`wait_frozen(future)`](wait_frozen) |
//! | a task to spawn from inside a wait | | [`spawn`], so that the pool knows whose work it is |
//! | another executor than Tokio | | [`in_async`] around what it polls |
//!
//! # Where a wait works
//!
//! [`Context::current`] says what a thread is doing. A wait goes by that, in a
//! little more detail:
//!
//! | this thread | `.wait()` |
//! |---|---|
//! | a plain thread | polls the future in place, entered into the bridge's home runtime, whose threads drive I/O and timers |
//! | blocking code under a runtime: `spawn_blocking`, `block_in_place`, an `enter()` guard, an offloaded closure | the same, on the runtime that is reachable if it is a multi-thread one, else on home |
//! | a task on a multi-thread runtime | hands the worker's other tasks over first, then the same |
//! | the root of a multi-thread `block_on`; the future of an outer wait | parks that root |
//! | a task or root on a current-thread runtime, [`in_async`] | [`WaitError::WouldFreeze`] |
//! | a `LocalSet` on one; under a multi-thread root, or inside a wait | the same; in the set's own root under a multi-thread one, once the future is pending |
//! | a worker under the `enter()` guard of a runtime that is known not to be its own | [`WaitError::WouldFreeze`] |
//! | a thread that is ending | [`WaitError::ThreadEnding`] |
//! | a fork's child, on a bridge of its parent | [`WaitError::Forked`] |
//!
//! Where a wait is refused with [`WaitError::WouldFreeze`], [`wait_frozen`] parks the
//! thread all the same. Its documentation says what stands still.
//!
//! Where the runtime under a wait ends, in whatever way, the wait ends with
//! [`WaitError::RuntimeGone`]. Every error says at which line the wait is.
//!
//! What no wait can give:
//!
//! - A timer, socket or task that was made in a runtime which nobody drives, by
//!   its guard or its handle, outside the waited `async` block, never wakes. Nor
//!   does what was spawned on a `LocalSet` by its guard.
//! - Where the runtime that is reachable has no timers or no I/O, neither has what
//!   is waited for: it panics with Tokio's text, as in that runtime's tasks.
//! - Sibling branches of the same task, in `join!` or `select!`, stand still
//!   while one of them waits.
//! - A `LocalSet` that is driven inside a `block_in_place` of a task can't be told
//!   from a `block_on` there, so a wait in it parks the set. One that is parked
//!   there for a second warns through `tracing`.
//! - A wait whose runtime has no thread free for it goes on when one is. Its
//!   workers may all block, in a task, for what the thread that waits holds; or
//!   its blocking threads, so that nobody runs what the wait needs of them, or
//!   takes over the worker that it has handed over. If that lasts for a second,
//!   it warns as well.
//! - Where another executor than Tokio drives a `LocalSet`, a wait in it parks the
//!   set if that happens in a multi-thread task; if the wait is inside an
//!   `unconstrained`; or, in the set's root, inside another wait's first poll.
//! - A waker of one's own that waits while a worker wakes it between its tasks
//!   ends that worker, as `block_in_place` does there.
//! - In a root of `block_on` Tokio refuses another `block_on`, and to drop a
//!   runtime, in the future's first poll, as it does without a wait. Later polls,
//!   and waits elsewhere, allow it.
//! - A wait in a hook of a runtime (`on_thread_start`, `on_thread_park`) holds up
//!   a worker that has nobody to take its place.
//! - A limit is looked at between polls, so it doesn't bound what blocks inside
//!   the future, an inner wait included.
//! - A runtime doesn't end while one of its workers blocks without the bridge,
//!   as in a `join()` of a thread that waits: such a wait isn't told either. Nor
//!   does dropping a current-thread runtime end the waits of its blocking
//!   threads, which rest on home.
//! - A wait that parks, and the first on a runtime that was given to the builder,
//!   leaves a task on its runtime, for the runtime's life, to tell of its end: it
//!   counts among `num_alive_tasks`.
//! - Whose worker a thread is can't be told under the guard of another
//!   multi-thread runtime whose worker of the same number is busy. A task that
//!   was spawned by [`spawn`] knows; any other gives its worker to the foreign
//!   runtime, which can't run it, so drop such a guard before a wait.
//! - Where a timer finds out that its runtime has ended, Tokio panics and the
//!   wait makes an error of it; the panic's message is printed all the same.
//! - A fork's child that enters a runtime of its parent which no wait had used,
//!   and which was not reachable where the fork happened, is not told. A fork
//!   while another thread is in the first [`Bridge::global`] leaves that one half
//!   made. After 64 forks in a line every wait is refused.
//! - A bridge built in a fork's child is as safe as Tokio is there. With Tokio's
//!   feature `parking_lot` it is not: that crate has one table of locks for the
//!   whole process, which a thread of the parent may have held.
//!
//! # "there is no reactor running, must be called from the context of a Tokio 1.x runtime"
//!
//! Tokio panics with this text where a timer, a socket or a task is made outside a
//! runtime. What runs *inside* a waited future is inside one. But Rust evaluates the
//! expression before `.wait()` first, in sync code:
//!
//! ```should_panic
//! use std::time::Duration;
//!
//! use bridge::Wait;
//!
//! let answer = tokio::time::timeout(Duration::from_secs(5), async { 42 }).wait();
//! ```
//!
//! Here `timeout` makes its timer before the wait begins, so the bridge can't enter a
//! runtime for it. There are three remedies:
//!
//! ```
//! use std::time::Duration;
//!
//! use bridge::Wait;
//! use tokio::time::timeout;
//!
//! let limit = Duration::from_secs(5);
//!
//! // Make it inside the future.
//! let answer = async { timeout(limit, async { 42 }).await }.wait();
//! assert_eq!(answer, Ok(42));
//!
//! // For a time limit, let the wait have it.
//! let answer = async { 42 }.wait_timeout(limit)?;
//! assert_eq!(answer, 42);
//!
//! // Enter the home runtime meanwhile.
//! let _entered = bridge::enter();
//! let answer = timeout(limit, async { 42 }).wait();
//! assert_eq!(answer, Ok(42));
//! # Ok::<(), bridge::WaitError>(())
//! ```
//!
//! The last also helps where something is *dropped* in sync code whose destructor
//! spawns a task, such as a pooled connection.
//!
//! # Nesting
//!
//! Sync in async in sync, to any depth, through spawns, joins and boxes: a
//! closure on the pool that waits frees its permit, so that another thread can
//! run what it waits for. At the pool's ceiling the waiting thread runs it
//! itself. What can be had neither way ends in [`WaitError::PoolExhausted`] or
//! [`WaitError::TooDeep`], never in a hang.
//!
//! Waits that nest on one stack, with neither a task nor a closure between them,
//! use it up as any recursion does: 0.7 to 1.1 KiB a level where the compiler
//! optimises, 1.9 to 2.5 KiB where it does not, and more with larger futures. The
//! wait that finds hardly any left is refused with [`WaitError::StackExhausted`],
//! on Linux; elsewhere the stack overflows.
//!
//! That holds for the waits of this crate. A closure on the pool that blocks in
//! another way, in Tokio's `Handle::block_on` or a channel, keeps its permit; if
//! all of them block for what only the pool can run, it stands still, as any
//! bounded pool does. So does a pool whose `on_thread_start` waits for it.
//!
//! # When the program ends
//!
//! [`Bridge::shutdown`] ends one bridge: `.wait()` for it in sync code, `.await` it in a
//! server's own shutdown. It reports what was lost.
//!
//! Without a shutdown, too, accepted work finishes before the process exits: see
//! [`Builder::exit_grace`]. When `main` returns or calls [`std::process::exit`], the
//! process waits, for 5 seconds at most, for closures that are queued or running, and
//! for what `tokio::fs` and `tokio::io::stdout` have still to write on a home runtime.
//! What it cuts off it logs through `tracing`.
//!
//! # Supported versions
//!
//! Rust 1.95, Tokio 1.54 (the first with a stable `runtime::worker_index`), and
//! later. It has been tested on Linux only. A fork is noticed on Unix, from the
//! first bridge on that the process has built.
//!
//! With `panic = "abort"` a panic in an offloaded closure ends the process. So do
//! two of Tokio's that otherwise become an error: of a timer, if its runtime ends
//! just before a wait polls it, and of a thread that must not block, where only
//! Tokio knows: a `LocalSet` under a multi-thread root, the second thread in a
//! current-thread runtime's `block_on`, or a current-thread task under the guard
//! of a multi-thread runtime whose first worker is busy. And so does one that
//! otherwise does nothing: of a thread-local for local sets that is gone, when a
//! thread waits for the first time while its own are destroyed. In a panic hook,
//! where any panic ends the process, these three do so in every build.
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod ambient;
mod bridge;
mod call;
mod carried;
mod clock;
mod config;
mod driven;
mod entered;
mod error;
#[cfg(feature = "test-util")]
mod held_clock;
mod home;
mod home_threads;
mod leftover;
mod log;
pub mod offload;
mod outcome;
mod route;
mod shutdown;
mod smart;
mod spawn;
mod wait;

#[doc = include_str!("smartasync.md")]
pub use bridge_macros::smartasync;
pub use detect::{Context, in_async};
pub use offload_pool::{BuildError, Lineage, Metrics, OffloadError, Rejected};

pub use crate::{
    bridge::Bridge,
    call::{AsyncCall, BoxCall, Call, SyncCall},
    config::Builder,
    entered::{Entered, enter},
    error::WaitError,
    leftover::Leftover,
    offload::{Offload, Pool, offload},
    outcome::Outcome,
    shutdown::BridgeShutdown,
    smart::{SmartAsyncFn, SmartFn, SmartFutureFn, smart_async_fn, smart_fn, smart_future_fn},
    spawn::spawn,
    wait::{Wait, try_wait, try_wait_frozen, wait, wait_frozen, wait_frozen_timeout},
};
