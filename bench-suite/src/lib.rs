//! The figures: what is measured, and the workloads that are measured.
//!
//! The workloads are here and not in the benches, so that tests can show that
//! each computes what it claims to: a peer that is used wrongly is no peer.
//! Each peer is used as its documentation advises. `cargo xtask bench` runs
//! the benches and judges their figures; the ids `P1` to `P14` are its rows.

pub mod counting;
pub mod settings;
pub mod workload;
