//! Write a function once, call it from sync and from async code.
#![forbid(unsafe_code)]

mod ambient;
mod bridge;
mod config;
mod error;
mod home;
pub mod offload;
mod wait;

pub use detect::{Context, in_async};
pub use offload_pool::{BuildError, Lineage, Metrics, OffloadError, Rejected};

pub use crate::{
    bridge::{Bridge, spawn},
    config::Builder,
    error::WaitError,
    offload::{Offload, Pool, offload},
    wait::{Wait, try_wait, wait},
};

/// The snippets of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
