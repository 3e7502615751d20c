//! The limits of the bridge, each under its symptom.
//!
//! A wait that the bridge can recognise as impossible is refused with a typed error. This
//! page lists what it cannot recognise, and what it cannot give. Each entry says what
//! happens and what to do instead.
//!
//! # "there is no reactor running, must be called from the context of a Tokio 1.x runtime"
//!
//! Tokio panics with this text if you make a timer, a socket or a task outside a runtime.
//! The code *inside* a waited future is inside a runtime. But Rust evaluates the
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
//! // Make the timer inside the future.
//! let answer = async { timeout(limit, async { 42 }).await }.wait();
//! assert_eq!(answer, Ok(42));
//!
//! // Let the wait have the time limit.
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
//! The third remedy also helps if you *drop* something in sync code whose destructor
//! spawns a task, such as a pooled connection.
//!
//! # A wait does not end: its timer, socket or task belongs to another runtime
//!
//! A timer, a socket or a task belongs to the runtime in which it was made. If nobody
//! drives that runtime, it never wakes. This happens if you make it outside the waited
//! `async` block, under the guard or by the handle of a current-thread runtime. It also
//! happens to a task that was spawned on a `LocalSet` under the set's guard. Make it
//! inside the `async` block that you wait for.
//!
//! # A wait panics: "A Tokio 1.x context was found, but timers are disabled"
//!
//! A wait uses the runtime that is reachable, if that is a multi-thread runtime. If that
//! runtime was built without timers or without I/O, the waited future has none either.
//! Build the runtime with `enable_all()`.
//!
//! # `join!` or `select!` stands still while one branch waits
//!
//! `.wait()` blocks the whole task. The other branches of a `join!` or `select!` in the
//! same task make no progress until it returns. Spawn the branches as tasks, or `.await`
//! instead.
//!
//! # `wait_timeout` returns late
//!
//! A wait looks at its limit between polls. The limit does not bound code that blocks
//! inside the future, such as an inner wait. Give the inner wait a limit too.
//!
//! # A `LocalSet` stands still
//!
//! A wait in a task of a `LocalSet` would stop the set, so it is refused with
//! [`WaitError::WouldFreeze`](crate::WaitError::WouldFreeze). In these cases the bridge
//! cannot see the set, and the wait parks it:
//!
//! * The set is driven inside a `block_in_place` of a task, where it looks like a
//!   `block_on`. A wait that is parked there for a second warns through `tracing`.
//! * An executor other than Tokio drives the set, and the wait is in a task of a
//!   multi-thread runtime, or inside an `unconstrained`.
//! * An executor other than Tokio drives the set, and the set's root waits within the
//!   first poll of another wait.
//!
//! # A wait warns that all workers, or all blocking threads, are busy
//!
//! A parked wait goes on when its runtime has a thread for it. If every worker blocks in
//! a task for something that the waiting thread holds, none is free. If every blocking
//! thread is busy, nobody runs the blocking work that the future needs, and nobody takes
//! over the worker that the wait has handed over. After a second the wait warns through
//! `tracing`. Raise `max_blocking_threads`, or don't block in tasks.
//!
//! # A worker's runtime loses a thread under a foreign `enter()` guard
//!
//! Under the guard of another multi-thread runtime, the bridge may not find out to which
//! runtime a worker belongs: it can't if the worker of the same number in the other runtime
//! is busy. A wait then gives the worker to the other runtime, which cannot run it. Drop
//! such a guard before you wait. A task of [`spawn`](crate::spawn) knows its runtime and has
//! no such problem.
//!
//! # "Cannot start a runtime from within a runtime", inside a waited future
//!
//! In the root of a `block_on`, the first poll of a waited future is made inside the
//! root's poll. Tokio refuses another `block_on` there, and the drop of a runtime, as it
//! does without a wait. Later polls allow both, and so do waits elsewhere.
//!
//! # A waker that waits ends a worker
//!
//! A worker wakes wakers between its tasks. If a waker of your own waits there, the worker
//! ends, as it does with `block_in_place`.
//!
//! # A wait in a runtime's hook holds up a worker
//!
//! A wait in `on_thread_start` or `on_thread_park` blocks the thread that calls the hook,
//! and nobody takes its place.
//!
//! # Dropping a runtime does not end a wait, or hangs
//!
//! A wait whose runtime ends gets
//! [`WaitError::RuntimeGone`](crate::WaitError::RuntimeGone). A runtime does not end while
//! one of its workers blocks without the bridge, for example in `join()` of the thread that
//! waits. A wait in a blocking thread of a current-thread runtime rests on home, so
//! dropping that runtime does not end it.
//!
//! # `num_alive_tasks` counts one task too many
//!
//! A wait that parks leaves a task on its runtime. The task lives as long as the runtime
//! and tells waits of the runtime's end. The first wait on a runtime that was given to the
//! builder leaves one too.
//!
//! # Tokio's panic message is printed, and the wait returns an error
//!
//! If a timer finds out that its runtime has ended, Tokio panics. The wait catches that
//! panic and returns [`WaitError::RuntimeGone`](crate::WaitError::RuntimeGone). Rust's
//! panic hook prints the message all the same.
//!
//! # "stack overflow" with nested waits
//!
//! Waits that nest on one stack use it up as any recursion does. Each level takes 0.7 to
//! 1.1 KiB in an optimised build, 1.9 to 2.5 KiB in an unoptimised one, and more with
//! larger futures. On Linux the wait that finds hardly any stack left is refused with
//! [`WaitError::StackExhausted`](crate::WaitError::StackExhausted). Elsewhere the stack
//! overflows. A task or an offloaded closure between two levels starts on a fresh stack.
//!
//! # The pool stands still
//!
//! A closure on the pool that waits by this crate returns its permit meanwhile. A closure
//! that blocks in another way, in `Handle::block_on` or on a channel, keeps its permit. If
//! all closures block for something that only the pool can run, a pool of a set size stands
//! still, as any bounded pool does, and warns through `tracing` within a second. A pool whose
//! size you have not set grows. A pool whose `on_thread_start` hook waits for the pool
//! stands still too.
//!
//! # `fork`
//!
//! * A child that enters a runtime of its parent gets no error if no wait had used that
//!   runtime, and if it was not reachable where the fork happened.
//! * If another thread is in the first [`Bridge::global`](crate::Bridge::global) during the
//!   fork, the child finds that bridge half made.
//! * After 64 generations of forks every wait is refused.
//! * A bridge that the child builds is as safe as Tokio is there. With Tokio's feature
//!   `parking_lot` it is not safe: that crate has one table of locks for the whole process,
//!   which a thread of the parent may have held.
//! * A fork is noticed on Unix, after the process has built its first bridge.
//!
//! # `panic = "abort"`
//!
//! With `panic = "abort"` a panic in an offloaded closure ends the process. So do three
//! panics of Tokio that the bridge catches otherwise:
//!
//! * of a timer whose runtime ends just before a wait polls it;
//! * of `block_in_place`, where only Tokio knows that a thread must not block. This is so
//!   in a `LocalSet` under a multi-thread root, and on the second thread in a
//!   current-thread runtime's `block_on`. It is also so in a current-thread task under the
//!   guard of a multi-thread runtime whose first worker is busy;
//! * of a thread-local for local sets that is gone, when a thread waits for the first time
//!   while its locals are destroyed.
//!
//! In a panic hook, where every panic ends the process, these three do so in every build.
