//! The atomics of this crate: those of the standard library, or loom's in a model.
//!
//! The cfg is `bridge_loom`, because Tokio itself changes under `loom`. Only
//! this crate's unit tests run under loom. Crates that depend on this one, and
//! its doctests, have real atomics under the cfg too.

#[cfg(not(all(test, bridge_loom)))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(all(test, bridge_loom))]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
