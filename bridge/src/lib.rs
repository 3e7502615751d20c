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
//! [Start in five minutes](guide::start) begins with `cargo new`. The rest of the [`guide`]
//! explains the topics below, and has recipes.
//!
//! # What to use when
//!
//! | I have | and I am in | so I write |
//! |---|---|---|
//! | a function of my own | | [`#[smartasync]`](macro@smartasync) on it |
//! | any future, or a builder that is awaited | sync code | [`future.wait()`](Wait), [`wait(future)`](wait()) |
//! | any blocking closure | async code | [`offload(closure).await`](offload()) |
//! | a blocking call that should end when its caller leaves | a closure on the pool | [`offload::on_cancel`], with a hook that ends the call |
//! | a wait that should end when its caller leaves | a closure on the pool | `select!` with [`offload::cancellation`] |
//! | a blocking closure that nobody awaits | sync or async code | [`offload(closure).detach()`](Offload::detach) |
//! | a smart call | I don't know which | [`call.dispatch()`](Call::dispatch), then look at the [`Outcome`] |
//! | functions of both kinds in one map, such as plugins | | [`Handler`] |
//! | a closure that shall be called like a smart function | | [`smart_fn`], [`smart_async_fn`], [`smart_future_fn`] |
//! | smart calls of both kinds in one place | | [`BoxCall`] |
//! | a part that must not be starved by others | | a [`Bridge`] of its own, chosen by [`call.on(&bridge)`](Call::on) or [`bridge = EXPR`](macro@smartasync) |
//! | a program that is slow or hangs | | [`Builder::timings`], [`Bridge::metrics`], [`bridge.report()`](Bridge::report) |
//! | a pool that may be full or shut down | async code | [`call.try_offload()`](SyncCall::try_offload), [`call.offload().outcome()`](SyncCall::offload) |
//! | a `tracing` span that the closure should log into | | nothing: it [travels](carry) |
//! | another context that the closure should see | | [`Builder::carry`] with a [`Carrier`] or a [`TaskLocal`](carry::TaskLocal) |
//! | something to make or drop inside a runtime | sync code | [`let _entered = enter();`](enter) |
//! | asynchronous clean-up in a destructor | a current-thread runtime, perhaps | [`wait_frozen(future)`](wait_frozen) |
//! | a task that goes on in the background | sync code | [`spawn(future)`](spawn()): it lives on the home runtime, unless another multi-thread runtime is reachable |
//! | a task to spawn from inside a wait | | [`spawn`], so that the pool knows whose work it is |
//! | another executor than Tokio | | [`in_async`] around what it polls |
//!
//! # Where a wait works
//!
//! A wait for a future first finds out what its thread is doing. [`Context::current`] gives
//! the same answer in less detail. `.try_wait()` returns the errors of this table. `.wait()`
//! panics with their text, and so does the [twin](macro@smartasync#options) of an `async fn`.
//!
//! | this thread | `.wait()` |
//! |---|---|
//! | a plain thread | polls the future in place, inside the bridge's home runtime, whose threads drive I/O and timers |
//! | blocking code under a runtime: `spawn_blocking`, `block_in_place`, an `enter()` guard, an offloaded closure | the same, inside the reachable runtime if that is a multi-thread one, else inside home |
//! | a task of a multi-thread runtime | hands the worker's other tasks over first, then the same |
//! | the root of a multi-thread `block_on`; the future of an outer wait | parks that root |
//! | a task or root of a current-thread runtime; [`in_async`] | [`WaitError::WouldFreeze`] |
//! | a task of a `LocalSet` | [`WaitError::WouldFreeze`] |
//! | a worker under the `enter()` guard of a runtime that is known not to be its own, unless it polls a task of [`spawn`] and that runtime is a multi-thread one | [`WaitError::WouldFreeze`] |
//! | a thread that is ending | [`WaitError::ThreadEnding`] |
//! | a fork's child, on a bridge of its parent, or inside a runtime of its parent | [`WaitError::Forked`] |
//! | any thread, for the call of a smart `fn` | calls the function in place; nothing is checked, so in async code it freezes the executor |
//!
//! Where a wait is refused with [`WaitError::WouldFreeze`], [`wait_frozen`] parks the
//! thread all the same. Its documentation says what stands still meanwhile.
//!
//! If the runtime under a wait ends, the wait ends with [`WaitError::RuntimeGone`]. Every
//! error names the line of the wait.
//!
//! # Nesting
//!
//! Sync code may wait for async code that awaits sync code, and so on, through spawned
//! tasks, joins and boxes. A closure on the pool that waits returns its
//! permit, so another thread can run what it waits for. If the pool can add no thread, the
//! waiting thread runs that work itself. If neither is possible, a wait ends with
//! [`WaitError::PoolExhausted`], after one to three seconds. With the default settings it ends
//! so after a minute, unless a closure is queued that belongs to a wait.
//!
//! A wait in a task of a multi-thread runtime hands the worker's other tasks over to another
//! thread of that runtime. If too many waits do so at a time, the next one gets
//! [`WaitError::TooDeep`].
//!
//! # When the program ends
//!
//! [`Bridge::shutdown`] ends one bridge. Call `.wait()` on it in sync code, and `.await` it
//! in a server's own shutdown. Its report names the closures that were cut off. Tasks of the
//! home runtime are dropped, and are not in the report.
//!
//! Accepted work also finishes without a shutdown. When `main` returns or calls
//! [`std::process::exit`], the process waits for closures that are queued or running, and
//! for what `tokio::fs` and `tokio::io::stdout` still have to write on a home runtime. It
//! waits for 5 seconds at most: see [`Builder::exit_grace`]. It logs through `tracing`
//! what it cuts off. A closure that still waits then needs a runtime that lives on: see
//! [`guide::shutdown`].
//!
//! # Limits
//!
//! - A timer, socket or task that was made outside the waited `async` block belongs to the
//!   runtime that was entered there. If nobody drives that runtime, the wait does not end.
//! - While one branch of a task waits, its sibling branches in `join!` or `select!` stand
//!   still.
//! - Executors other than Tokio leave no trace on a thread. Wrap what they poll in
//!   [`in_async`], or a wait parks their thread.
//! - A closure that runs can't be stopped from outside. It can end by itself when its caller
//!   leaves: see [`guide::stopping`].
//! - A closure on the pool that blocks without the bridge keeps its permit. If a pool
//!   of a set size stands still because of that, it warns through `tracing`.
//!
//! [`guide::limits`] has all limits, each under its symptom.
//!
//! # Supported versions
//!
//! Rust 1.95, Tokio 1.54 (the first with a stable `runtime::worker_index`), and later.
//! The tests run on Linux.
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod ambient;
mod bridge;
mod call;
pub mod carry;
mod error;
// The package `bridge-guide` tests the snippets, with dependencies that this one must
// not have.
#[cfg(not(doctest))]
pub mod guide;
mod handler;
mod log;
mod maybe_boxed;
pub mod offload;
pub mod report;
mod route;
mod runtime;
mod smart;
mod spawn;
mod unwind;
mod wait;

#[doc = include_str!("smartasync.md")]
pub use bridge_macros::smartasync;
pub use detect::{Context, in_async};
pub use offload_pool::{
    BuildError, Lineage, Metrics, OffloadError, PoolName, Rejected, Report, Timing,
};

pub use crate::{
    bridge::{Bridge, BridgeShutdown, Builder, Entered, enter},
    call::{AsyncCall, BoxCall, Call, Outcome, SyncCall},
    carry::Carrier,
    error::{Leftover, WaitError},
    handler::Handler,
    offload::{Offload, Pool, offload},
    smart::{SmartAsyncFn, SmartFn, SmartFutureFn, smart_async_fn, smart_fn, smart_future_fn},
    spawn::spawn,
    wait::{Wait, try_wait, try_wait_frozen, wait, wait_frozen, wait_frozen_timeout},
};
