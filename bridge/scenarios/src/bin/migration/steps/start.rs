//! The start: all functions block, and nothing here knows the bridge.

#[path = "../callers.rs"]
pub mod callers;
pub mod shop;
