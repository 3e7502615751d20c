//! Step 2: `price` is async, because it waits for the network.

#[path = "../async_callers.rs"]
pub mod async_callers;
#[path = "../callers.rs"]
pub mod callers;
pub mod shop;
