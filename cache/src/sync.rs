//! The only door to atomics: the standard library's, or loom's in a model.
//!
//! `bridge_loom` is a cfg of our own, because Tokio changes shape under `loom`.

#[cfg(not(bridge_loom))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(bridge_loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
