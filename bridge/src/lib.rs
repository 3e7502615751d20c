//! Write a function once, call it from sync and from async code.

mod bridge;
mod error;
pub mod offload;
mod wait;

pub use detect::{Context, in_async};

pub use crate::{
    bridge::Bridge,
    error::WaitError,
    offload::{Offload, offload},
    wait::{Wait, try_wait, wait},
};

/// The snippets of the README are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
