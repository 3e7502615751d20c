//! A small library of async code, tested from plain tests and with a paused clock.
//!
//! The library delivers messages over TCP, and tries again if that fails. [`backoff`] tries,
//! [`delivery`] talks to the receiver, and [`outbox`] keeps the messages in a file. Each file
//! ends with its tests:
//!
//! - Plain `#[test]` functions call `.wait()`. They need no runtime and no attribute.
//! - `#[tokio::test(start_paused = true)]` functions test hours in no time. The feature
//!   `test-util` of the bridge holds the clock while blocking code runs on the pool.
//!
//! `cargo test -p bridge-courier` runs them, and `cargo run -p bridge-courier` shows the
//! library at work.
#![forbid(unsafe_code)]

pub mod backoff;
pub mod delivery;
pub mod outbox;
