//! Write a function once, call it from sync and from async code.
#![forbid(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod ambient;
mod bridge;
mod call;
mod config;
mod driven;
mod error;
mod home;
pub mod offload;
mod outcome;
mod route;
mod smart;
mod wait;

#[doc = include_str!("smartasync.md")]
pub use bridge_macros::smartasync;
pub use detect::{Context, in_async};
pub use offload_pool::{BuildError, Lineage, Metrics, OffloadError, Rejected};

pub use crate::{
    bridge::{Bridge, spawn},
    call::{AsyncCall, BoxCall, Call, SyncCall},
    config::Builder,
    error::WaitError,
    offload::{Offload, Pool, offload},
    outcome::Outcome,
    smart::{SmartAsyncFn, SmartFn, smart_async_fn, smart_fn},
    wait::{Wait, try_wait, wait},
};
