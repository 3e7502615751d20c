//! The programs: a folder for each part of the promises, a file for each promise.

pub(crate) mod bridge;
pub(crate) mod context;
pub(crate) mod never;
pub(crate) mod offload;
pub(crate) mod wait;
