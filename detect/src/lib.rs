//! Where does this thread stand: in sync code, in blocking code under a
//! runtime, or in the poll of a future?
//!
//! [`Context::current`] answers in three words, and [`Place::current`] in as
//! many as a wait needs to know what it may park. Neither panics, allocates or
//! takes a lock, and neither remembers an answer: a place of the stack has a
//! context, while a thread, a task or a function has many.
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
//! // Executors that leave no trace are marked by hand.
//! let marked = pollster::block_on(in_async(async { Context::current() }));
//! assert_eq!(marked, Context::Async);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What is answered where
//!
//! | where | [`Context`] |
//! |---|---|
//! | plain thread; `std::thread` started by a task; rayon worker | `Sync` |
//! | destructors of a thread's locals | `Sync` |
//! | another executor: smol, pollster, `futures` | `Sync` |
//! | the same inside [`in_async`] | `Async` |
//! | `spawn_blocking`; inside `block_in_place` | `Blocking` |
//! | a mere `enter()` guard | `Blocking` |
//! | a job of the offload pool ([`Mark::Job`]) | `Blocking` |
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
//! | a future that the bridge waits on ([`Mark::Wait`]) | `Async` |
//!
//! # The facts it rests on
//!
//! Four questions, in this order; the first that says something decides.
//!
//! 1. `tokio::runtime::worker_index()`: some index means that a scheduler of
//!    Tokio is polling on this thread. No guard and no `unconstrained` hides
//!    it, and inside `block_in_place` it is gone. The flavour of the current
//!    handle is never asked: a guard makes it lie.
//! 2. `Handle::try_current()`: an error means that no runtime is reachable.
//!    What is left then is a mark, or the task of a `LocalSet` which somebody
//!    polls without a runtime. Success says nothing about polling.
//! 3. Whether a coop budget is in force: Tokio gives one to each of its polls
//!    and takes it away for what blocks.
//! 4. A [`Mark`] which the bridge has set. It comes after Tokio's evidence,
//!    because what is marked runs without a budget and outside a worker, so
//!    what Tokio shows was entered further in.
//!
//! # What cannot be told
//!
//! No public function tells these apart. Each is pinned by a test, so that a
//! Tokio which changes it is noticed.
//!
//! | corner | is taken for | what happens there |
//! |---|---|---|
//! | `unconstrained` around code of a root that is no worker (multi-thread `block_on`, `Handle::block_on`, a `LocalSet` there, a second thread in a current-thread runtime's `block_on`) | `Blocking`, or the mark around the root | a wait asks Tokio before it parks, by a `block_in_place`, which is refused where parking would freeze a set; a dispatched call runs in place |
//! | such a root, from the return of a `block_in_place` to its next poll: Tokio gives only workers their budget back at once | `Blocking` | the same |
//! | a `LocalSet` that such a root drives, or under a runtime's guard another executor, and its tasks | [`Place::Root`] | the same, but that a dispatched call is pending, as in any root |
//! | `unconstrained` in a task of a `LocalSet` which somebody polls who entered no runtime | `Sync`, `Blocking`, or the mark around the poll | a wait parks the set |
//! | `Clone` of a value inside a blocking receiver of Tokio, where a runtime is reachable | [`Place::Root`] | a dispatched call is pending, and a wait that would park is refused, though both could be had |
//! | `block_in_place` under [`Mark::Wait`] or [`Mark::Foreign`], or in a root that was started there | that mark | a dispatched call is pending; under `Foreign`, a wait is refused |
//! | another executor without [`in_async`] | `Sync`, or `Blocking` where a runtime is reachable | a wait parks that executor |
//!
//! # What it costs
//!
//! In a worker a look is one thread-local read. On a plain thread it costs what
//! `Handle::try_current()` costs, and nothing can cost less: a guard changes
//! nothing but the current handle, and every public function that reads that one
//! borrows a `RefCell`, whose counter is written and read back by the next look.
//! That chain takes longer than all other questions, which run beside it. So
//! looks in a row are as slow as the chain, and one among other work is free:
//! 11.2 ns of multiplications took no measurably longer with a look in between.
//!
//! In reach of a runtime a look is a reference count taken and given back, and
//! the probe of the budget: a few reads on a thread that has been a root before
//! or was warmed up by [`warm_up`], and 128 of them on one that was not.
//!
//! Measured on a 2-core x86-64 virtual machine, Tokio 1.54.1, looks in a row,
//! beside a thread-local read of 0.3 ns: plain thread 2.0 ns, where
//! `Handle::try_current()` alone took 1.9; multi-thread task 1.2 ns; multi-thread
//! root 16 ns, of which the reference count is 12.
#![forbid(unsafe_code)]

mod context;
mod in_async;
mod mark;
mod place;
mod probe;

pub use context::Context;
pub use in_async::{InAsync, in_async};
pub use mark::{Mark, MarkGuard};
pub use place::{Place, Reach};
pub use probe::{renew_budget, warm_up};
