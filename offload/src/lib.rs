//! A bounded pool of threads for blocking work, that never starves itself.

mod ambient;
mod builder;
mod core;
mod eager;
mod error;
pub mod fork;
mod job;
mod lineage;
mod metrics;
pub mod park;
mod policy;
mod pool;
mod queue;
mod state;
mod sync;
mod task;
mod waiting;
mod worker;

pub use crate::{
    ambient::{Ambient, Bare, Timer},
    builder::Builder,
    error::{BuildError, OffloadError, Panic, Rejected},
    job::cancelled,
    lineage::{Lineage, Scope},
    metrics::{Metrics, Shutdown},
    pool::Pool,
    task::{Attempt, Cancelled, Offload},
    waiting::{Parked, Waiting},
};
