//! Where does this thread stand: in sync code, in blocking code under a
//! runtime, or in the poll of a future?
//!
//! [`Context::current`] gives one of three answers. [`Place::current`] gives the
//! finer answer that a wait needs to know what it may park. Neither panics, allocates
//! or takes a lock. Neither remembers an answer, because only a place on the stack has
//! one context. A thread, a task or a function has many.
//!
//! ```
//! use bridge_detect::{Context, in_async};
//!
//! assert_eq!(Context::current(), Context::Sync);
//!
//! let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
//! runtime.block_on(async {
//!     assert_eq!(Context::current(), Context::Async);
//!     tokio::spawn(async {
//!         let inside = tokio::task::block_in_place(Context::current);
//!         assert_eq!(inside, Context::Blocking);
//!         assert_eq!(Context::current(), Context::Async);
//!     })
//!     .await
//!     .unwrap();
//! });
//!
//! // `in_async` tags the polls of executors that leave no trace.
//! let tagged = pollster::block_on(in_async(async { Context::current() }));
//! assert_eq!(tagged, Context::Async);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # The answers
//!
//! | where | [`Context`] |
//! |---|---|
//! | plain thread; `std::thread` started by a task; rayon worker | `Sync` |
//! | destructors of a thread's locals; if the thread has called `exit` in a wait or a job, only once Tokio's own local is gone | `Sync` |
//! | another executor: smol, pollster, `futures` | `Sync` |
//! | another executor, inside [`in_async`] | `Async` |
//! | `spawn_blocking`; inside `block_in_place` | `Blocking` |
//! | a mere `enter()` guard | `Blocking` |
//! | a job of the offload pool ([`ThreadTag::Job`]) | `Blocking` |
//! | destructor of a task on a dropped current-thread runtime | `Blocking` |
//! | destructor of a root future of `Runtime` or `Handle`, after its last poll | `Blocking` |
//! | a runtime's hooks `on_thread_start` and `on_thread_stop` | `Blocking` |
//! | its hooks `on_thread_park` and `on_thread_unpark`, which a worker calls | `Async` |
//! | task of a multi-thread or current-thread runtime, `LocalRuntime`, `LocalSet` | `Async` |
//! | root of `block_on` or `run_until`: `Runtime`, `Handle`, `LocalSet`, each flavour | `Async` |
//! | `block_on` inside `spawn_blocking` or `block_in_place` | `Async` |
//! | a task after `block_in_place` has returned | `Async` |
//! | `unconstrained` inside a task | `Async` |
//! | a foreign runtime's guard inside a poll | `Async` |
//! | a future that the bridge waits on ([`ThreadTag::Wait`]) | `Async` |
//!
//! # The facts it rests on
//!
//! There are four questions, in this order. The first that has an answer decides.
//!
//! 1. `tokio::runtime::worker_index()`: an index means that a scheduler of Tokio is
//!    polling on this thread. No guard and no `unconstrained` hides it. Inside
//!    `block_in_place` there is none. The flavour of the current handle says nothing,
//!    because a guard changes it.
//! 2. `Handle::try_current()`: an error means that no runtime is reachable. Then only
//!    a tag can be left, or the task of a `LocalSet` that is polled without a runtime.
//!    Success says nothing about polling.
//! 3. Whether a coop budget is in force: Tokio gives one to each of its polls and takes
//!    it away for what blocks. [`probe`] finds out.
//! 4. A [`ThreadTag`] that the bridge has set. It comes after Tokio's evidence. Tagged
//!    code runs without a budget and outside a worker, so a poll that Tokio shows began
//!    inside the tagged code.
//!
//! # The corners that cannot be decided
//!
//! No public function tells these apart. A test pins each of them, so a Tokio release
//! that changes one is noticed.
//!
//! | corner | is taken for | what happens there |
//! |---|---|---|
//! | `unconstrained` around code of a root that is no worker (multi-thread `block_on`, `Handle::block_on`, a `LocalSet` there, a second thread in a current-thread runtime's `block_on`) | `Blocking`, or the tag around the root | a wait asks Tokio before it parks, by a `block_in_place`, which is refused where parking would freeze a set; a dispatched call runs in place |
//! | such a root, from the return of a `block_in_place` to its next poll: Tokio gives only workers their budget back at once | `Blocking` | the same |
//! | a `LocalSet` that such a root drives, or under a runtime's guard another executor, and its tasks | [`Place::Root`] | the same, but that a dispatched call is pending, as in any root |
//! | `unconstrained` in a task of a `LocalSet` which somebody polls who entered no runtime | `Sync`, `Blocking`, or the tag around the poll | a wait parks the set |
//! | `Clone` of a value inside a blocking receiver of Tokio, where a runtime is reachable | [`Place::Root`] | a dispatched call is pending, and a wait that would park is refused, though both could be had |
//! | `block_in_place` under [`ThreadTag::Wait`] or [`ThreadTag::Foreign`], or in a root that was started there | that tag | a dispatched call is pending; under `Foreign`, a wait is refused |
//! | another executor without [`in_async`] | `Sync`, or `Blocking` where a runtime is reachable | a wait parks that executor |
//!
//! # What it costs
//!
//! A *look* is one call of [`Context::current`]. On a worker a look is one thread-local
//! read. On a plain thread a look costs as much as `Handle::try_current()`, or up to twice as
//! much: see the table. A guard changes only the current handle, and every public function that
//! reads the handle borrows a `RefCell`. The next look waits until the counter of this
//! borrow is written. The processor works on the other questions meanwhile. So looks in a
//! row are as slow as this chain of borrows. On a processor for which the chain is short, they
//! are as slow as all questions together. A single look among other work is free:
//! multiplications that take 11.2 ns took no measurably longer with a look in between.
//!
//! Where a runtime is reachable, a look takes a reference count and gives it back, and
//! probes the budget. The probe is a few reads on a thread that has been a root before
//! or called [`warm_up`], and 128 reads on any other thread.
//!
//! These looks in a row were measured on two 2-core x86-64 virtual machines with Tokio
//! 1.54.1. A thread-local read took 0.3 ns on the first one, and 0.6 ns on the second one:
//!
//! | where | first: a look | of it | second: a look | `Handle::try_current()` |
//! |---|---|---|---|---|
//! | plain thread | 2.0 ns | `Handle::try_current()`: 1.9 ns | 4.0 ns | 2.0 ns |
//! | multi-thread task | 1.2 ns | | 1.8 ns | 22 ns |
//! | multi-thread root | 16 ns | the reference count: 12 ns | 29 ns | 22 ns |
#![forbid(unsafe_code)]

mod context;
mod in_async;
mod place;
pub mod probe;
mod tag;
pub mod waiting_task;

pub use context::Context;
pub use in_async::{InAsync, in_async};
pub use place::{Place, RuntimeLookup};
pub use probe::budget::warm_up;
pub use tag::{TagGuard, ThreadTag};
