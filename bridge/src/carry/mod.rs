//! Context that travels: a submitted closure or task runs in the context of its submitter,
//! although another thread runs it.
//!
//! Every bridge carries the current `tracing` span. A [`Carrier`] carries something else:
//! give it to [`Builder::carry`](crate::Builder::carry). [`TaskLocal`] carries a Tokio
//! task-local. [`guide::context`](crate::guide::context) shows what travels where.

mod captured;
mod captured_span;
mod carrier;
mod in_context;
mod span;
mod task_local;

pub(crate) use self::{
    captured::{Captured, Carriers},
    in_context::InContext,
};
pub use self::{carrier::Carrier, task_local::TaskLocal};
