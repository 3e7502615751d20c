//! Jobs that wait for async code, which needs the pool again.
//!
//! [`lineage`] knows the waits and jobs that a job descends from. [`waiting`] is what a
//! wait does on a thread of the pool when it must park.

pub(crate) mod lineage;
pub(crate) mod waiting;
