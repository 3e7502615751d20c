//! A bounded pool of threads for blocking closures, which nesting can't deadlock.
//!
//! [`Pool::run`] takes a closure from async code and returns a future of its value. A
//! worker of the pool runs the closure. Both the number of threads and the queue are
//! bounded. If the queue is full, callers wait for room, and [`Pool::try_run`] returns an
//! error instead. Dropping the future withdraws a closure that has not started.
//!
//! A closure may wait for async code, through a bridge that uses [`Waiting`]. While it
//! waits, it does not count against [`max_threads`](Builder::max_threads). So even a pool
//! with `max_threads(1)` serves sync code that waits for async code that waits for sync
//! code, and so on.
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
//! The pool needs only the standard library, and any executor can poll its futures. An
//! [`Ambient`] ties the pool to a runtime.
//!
//! Most programs need the `bridge` crate instead. It adds the way back, from sync code to
//! async code.
//!
//! # With `panic = "abort"`
//!
//! A panic in a closure ends the process, as it does in all code of such a program.
//!
//! # How it works
#![doc = include_str!("../DESIGN.md")]

// The table of these folders in DESIGN.md has the highest first. A folder imports only from
// the folders below it.
mod core;
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
#[doc(hidden)] // the `bridge` crate uses it
pub mod exit;
mod job;
mod lineage;
mod observe;
mod platform;
mod pool;
mod schedule;
mod thread;
mod timing;
mod vocabulary;
mod waiting;
mod worker;

pub use crate::{
    job::{
        ambient::{Ambient, Bare, Config, KeptByShutdown, Timer},
        running::cancelled,
    },
    lineage::{Lineage, Scope},
    pool::{
        Pool,
        builder::Builder,
        cancellation::{Cancellation, OnCancel, cancellation, on_cancel},
        offload::{Cancelled, Offload},
        outcome::TryOffload,
        shutdown::PoolShutdown,
    },
    timing::Timing,
    vocabulary::{
        end_report::{CutOff, Shutdown, StillRunning},
        error::{BuildError, OffloadError, Panic, Rejected},
        metrics::Metrics,
        name::PoolName,
        report::{
            JobEntry, JobState, Report, WaitEntry, WorkerEntry, WorkerState,
            cycle::{Cycle, Step},
        },
    },
    waiting::{Parked, Waiting},
};

// The `bridge` crate uses these.
#[cfg(bridge_shuttle)]
#[doc(hidden)]
pub use crate::platform::sync::clocked as model;
#[doc(hidden)]
pub use crate::{
    job::{large, own_future},
    platform::{fork, load},
    pool::wait_listing::WaitListing,
    thread::{on_thread, park, stack},
    vocabulary::metrics::{Figure, Value},
};
