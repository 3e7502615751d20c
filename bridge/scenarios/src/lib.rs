//! Programs of the guide, and programs that run on the bridge and on plain Tokio.
//!
//! `src/bin/` has a program for each scenario of the guide. `tests/nine/` runs them, under
//! load and with signals, and checks what they claim.
//!
//! Each other file in `tests/` has a promise as its name and contains one or more
//! programs. A program is a function of a [`World`] and a number of callers.
//! [`programs!`] makes a test of each combination, under a kill timer. The
//! tests with the world `tokio` show that the program finishes on
//! `spawn_blocking`.
//!
//! The tests with 4000 callers are ignored by default. This command runs them:
//! `cargo test -p bridge-scenarios -- --ignored`. They do not run on plain
//! Tokio, because its 512 blocking threads are too few for most of them.
#![forbid(unsafe_code)]

mod run;
mod signals;
mod world;

pub use crate::{
    run::{all_finish, finishes, runtime},
    signals::{Signal, Signals},
    world::{Job, LONG, SHORT, World},
};
