//! A bounded pool of threads for blocking closures, that nesting can't starve.
//!
//! [`Pool::run`] takes a closure from async code to a thread and gives back a
//! future of its value. The number of threads is bounded and so is the queue;
//! callers past the bound wait in line, or are told by [`Pool::try_run`].
//! Dropping the future withdraws the closure. A closure that waits for async
//! code, through a bridge that uses [`Waiting`], frees its permit meanwhile, so
//! that a pool of one thread serves any depth of sync code in async code in
//! sync code.
//!
//! ```
//! use bridge_offload::Pool;
//!
//! let pool: Pool = Pool::builder().max_threads(4).build()?;
//! let answer = pollster::block_on(pool.run(|| {
//!     // anything that blocks
//!     std::thread::sleep(std::time::Duration::from_millis(1));
//!     42
//! }));
//! assert_eq!(answer, 42);
//! # Ok::<(), bridge_offload::BuildError>(())
//! ```
//!
//! It stands alone: the standard library is all it needs, and any executor can
//! poll its futures. What ties it to a runtime is an [`Ambient`].
//!
//! The `bridge` crate is what most want; it puts this pool beside the way back,
//! from sync code to async.
//!
//! # With `panic = "abort"`
//!
//! A panic in a closure ends the process, as everywhere.
//!
//! # How it works
#![doc = include_str!("../DESIGN.md")]

mod ambient;
mod builder;
mod caught;
mod clock;
mod core;
mod eager;
mod error;
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
#[doc(hidden)]
pub mod exit;
pub mod fork;
mod handle;
#[doc(hidden)]
pub mod helper;
mod inbox;
mod job;
#[doc(hidden)]
pub mod large;
mod limits;
mod lineage;
pub mod load;
mod metrics;
pub mod own_future;
pub mod park;
mod policy;
mod pool;
mod queue;
mod report;
mod runnable;
mod running;
mod shutdown;
mod spinning;
pub mod stack;
mod stall;
mod state;
mod sync;
#[cfg(bridge_shuttle)]
#[doc(hidden)]
pub use crate::sync::clocked as model;
mod task;
mod waiting;
mod worker;

pub use crate::{
    ambient::{Ambient, Bare, Timer},
    builder::Builder,
    error::{BuildError, OffloadError, Panic, Rejected},
    lineage::{Lineage, Scope},
    metrics::Metrics,
    pool::Pool,
    report::{CutOff, Shutdown, StillRunning},
    running::cancelled,
    shutdown::PoolShutdown,
    task::{Attempt, Cancelled, Offload},
    waiting::{Parked, Waiting},
};
