//! Step 1: all functions are smart, and async callers can use them.

#[path = "../async_callers.rs"]
pub mod async_callers;
#[path = "../callers.rs"]
pub mod callers;
pub mod shop;
