//! The whole pool in random orders of steps, by shuttle.
//!
//! Loom explores every order of steps of two or three threads. These scenarios have up to
//! eight threads, and shuttle tries random orders. Both run the code that ships. Time
//! belongs to the model: a limit may pass at any moment. So the monitor, the end of a
//! worker's `keep_alive` and every watch race with everything else.
//!
//! `cargo xtask audit shuttle` runs them. By hand:
//!
//! ```text
//! RUSTFLAGS="--cfg bridge_shuttle" cargo test --release --target-dir target/shuttle \
//!     -p bridge-offload --test shuttle -- --nocapture
//! ```
//!
//! | variable | what it sets |
//! |---|---|
//! | `SHUTTLE_SECONDS` | the time that each scenario searches |
//! | `SHUTTLE_ITERATIONS` | the number of schedules that each scheduler tries, without `SHUTTLE_SECONDS` |
//! | `SHUTTLE_SEED` | the seed; drawn and printed if it is not set |
//! | `SHUTTLE_REPLAY` | a file with the schedule to repeat |
#![cfg(bridge_shuttle)]

mod adopting;
mod carrying;
mod ending;
mod leaving;
mod locks;
mod nesting;
mod observing;
mod queueing;
mod reporting;
mod runner;
mod scheduler;
mod shutting;
mod stalling;
mod stopping;
mod threads;
mod world;
