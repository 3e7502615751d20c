//! What is measured, each checked by a test for what it computes.

pub mod burst;
pub mod calls;
pub mod idle;
pub mod offload;
pub mod run;
pub mod wake;
