//! The parts of a [`Report`]: threads of the pool, closures, waits, and a circle of them.
//!
//! [`Bridge::report`](crate::Bridge::report) makes one. A stall warning, a
//! [`WaitError::PoolExhausted`](crate::WaitError::PoolExhausted) and the
//! [`Shutdown`](crate::offload::Shutdown) of a bridge that ran out of time carry one too.

pub use offload_pool::{
    Cycle, JobEntry, JobState, Report, Step, WaitEntry, WorkerEntry, WorkerState,
};
