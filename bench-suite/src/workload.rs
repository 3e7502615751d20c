//! The workloads that the benches measure. Tests check what each of them computes.

pub mod answering;
pub mod blocking;
pub mod burst;
pub mod busy;
pub mod calls;
pub mod client;
pub mod database;
pub mod http;
pub mod idle;
pub mod latency;
pub mod length;
pub mod live;
pub mod nest;
pub mod offload;
pub mod queue;
pub mod request;
pub mod run;
pub mod server;
pub mod service;
pub mod shapes;
pub mod sqlite;
pub mod tasks;
pub mod wake;
pub mod way;
