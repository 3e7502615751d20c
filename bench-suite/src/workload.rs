//! What is measured, each checked by a test for what it computes.

pub mod burst;
pub mod busy;
pub mod calls;
pub mod client;
pub mod http;
pub mod idle;
pub mod latency;
pub mod length;
pub mod nest;
pub mod offload;
pub mod run;
pub mod server;
pub mod shapes;
pub mod sqlite;
pub mod wake;
pub mod way;
