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

mod core;
mod job;
mod nesting;
mod platform;
mod pool;
mod schedule;
mod shutdown;
mod thread;

pub use crate::{
    job::{
        running::cancelled,
        task::{Cancelled, Offload, TryOffload},
    },
    nesting::{
        lineage::{Lineage, Scope},
        waiting::{Parked, Waiting},
    },
    pool::{
        Pool,
        ambient::{Ambient, Bare, Timer},
        builder::Builder,
        error::{BuildError, OffloadError, Panic, Rejected},
        metrics::Metrics,
        report::{CutOff, Shutdown, StillRunning},
    },
    shutdown::PoolShutdown,
};

// For the `bridge` crate.
#[cfg(not(bridge_loom))]
#[doc(hidden)]
pub use crate::shutdown::exit;
#[doc(hidden)]
pub use crate::{
    job::{large, own_future},
    platform::{fork, load},
    thread::{helper, park, stack},
};
