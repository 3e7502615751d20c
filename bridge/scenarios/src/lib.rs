//! Programs that run on the bridge and on plain Tokio.
//!
//! Each file in `tests/` is named by a promise and has one or more programs. A
//! program is a function of a [`World`] and a number of callers. [`programs!`]
//! makes a test of each combination, under a kill timer. The tests with the
//! world `tokio` show that the program finishes on `spawn_blocking`.
//!
//! The tests with 4000 callers are ignored unless asked for:
//! `cargo test -p bridge-scenarios -- --ignored`. They are not run on plain
//! Tokio, whose 512 blocking threads are too few for most of them.
#![forbid(unsafe_code)]

mod run;
mod world;

pub use crate::{
    run::{all_finish, finishes, runtime},
    world::{Job, LONG, SHORT, World},
};
