//! Jobs that wait for async code, which needs the pool again.
//!
//! [`lineage`] knows the jobs and waits that a job descends from. [`waiting`] parks a
//! worker whose job waits.

pub(crate) mod lineage;
pub(crate) mod waiting;
