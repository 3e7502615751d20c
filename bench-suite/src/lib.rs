//! The figures: what is measured, and the workloads that are measured.
//!
//! The workloads are here and not in the benches, so that tests can show that
//! each computes what it claims to: a peer that is used wrongly is no peer.
//! Each peer is used as its documentation advises. `cargo xtask bench` runs the
//! benches and judges their figures. The ids of groups say what kind they are
//! of: `P` is held to a limit, `C` is a curve, `L` a distribution of latencies,
//! `M` a server under mixed load, `IO` real requests and queries.
//!
//! Criterion measures most `P`s. What it has no form for (curves, percentiles,
//! throughput) measures itself, in [`rounds`], and prints [`lines`].

pub mod counting;
pub mod curve;
pub mod helper;
pub mod lines;
pub mod process;
pub mod rounds;
pub mod settings;
pub mod usage;
pub mod wanted;
pub mod workload;
