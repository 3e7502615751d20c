//! The types in which a pool speaks to its users: its name, errors, figures and reports.
//!
//! These are plain data, and nothing here knows a pool. [`name`] and [`error`] stand alone.
//! [`metrics`] are the figures of a pool, and [`report`] lists its workers, jobs and waits.
//! [`end_report`] says which jobs a shutdown, or the exit of the process, has left behind.

pub(crate) mod end_report;
pub(crate) mod error;
pub(crate) mod metrics;
pub(crate) mod name;
pub(crate) mod report;
