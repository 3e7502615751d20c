//! Placeholder head.
#![forbid(unsafe_code)]

mod cache;
mod driver;
mod generation;
#[cfg(all(test, bridge_loom))]
mod loom_tests;
mod slot;
mod sync;

pub use cache::Cache;
pub use driver::Driver;
