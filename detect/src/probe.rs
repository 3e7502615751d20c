//! Experiments on Tokio: facts about this thread that no public function tells.
//!
//! Each file states one fact, how an experiment shows it, and on what documented
//! behaviour that rests. Tests pin the facts, so a Tokio release that changes one
//! is noticed. `bridge` decides by these facts; this crate only finds them. Only `blocking`
//! cannot ask without acting: it runs the caller's code if Tokio lets the thread block.
//!
//! * [`budget`]: whether this thread is inside a poll that Tokio budgets.
//! * [`worker_core`]: whether this worker has the right to run its runtime's tasks.
//! * [`deferred_wake`]: whether a poll has left a waker with a frozen scheduler.
//! * [`foreign_guard`]: whether the reachable runtime belongs to another worker.
//! * `blocking`: whether Tokio lets this thread block. It needs the feature
//!   `rt-multi-thread`.

#[cfg(feature = "rt-multi-thread")]
pub mod blocking;
pub mod budget;
pub mod deferred_wake;
pub mod foreign_guard;
pub mod worker_core;
