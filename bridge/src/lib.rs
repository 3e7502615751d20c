//! Write a function once, call it from sync and from async code.

mod bridge;
mod call;
mod error;
pub mod offload;
mod outcome;
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod route;
mod smart;
mod wait;

#[doc = include_str!("smartasync.md")]
pub use bridge_macros::smartasync;
pub use detect::{Context, in_async};

pub use crate::{
    bridge::Bridge,
    call::{AsyncCall, BoxCall, Call, SyncCall},
    error::WaitError,
    offload::{Offload, offload},
    outcome::Outcome,
    smart::{SmartAsyncFn, SmartFn, smart_async_fn, smart_fn},
    wait::{Wait, try_wait, wait},
};
