//! The only door to atomics: the standard library's, or loom's in a model.
//!
//! `bridge_loom` is a cfg of our own, because Tokio changes shape under `loom`.
//! Only this crate's own tests are modelled, so what depends on it, and its
//! doctests, have real atomics under the cfg too.

#[cfg(not(all(test, bridge_loom)))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(all(test, bridge_loom))]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
