//! The benchmarks' workloads, and the tools that measure them.
//!
//! The workloads are here and not in the benches, so that tests can show that each
//! computes what it claims to. A peer that is used wrongly is no peer, so each peer is
//! used as its documentation advises. `cargo xtask bench` runs the benches and judges
//! their figures. The first letters of a group's id say what it is:
//!
//! - `P` has a limit.
//! - `C` is a curve.
//! - `L` is a distribution of latencies.
//! - `M` is a server under mixed load.
//! - `IO` is real requests and queries.
//!
//! Criterion measures most `P` groups. Criterion has no form for curves, percentiles
//! and throughput. The benches measure those themselves, with [`rounds`], and print
//! [`lines`].

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
