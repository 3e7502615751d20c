//! Step 4: `quote` is async, so no function blocks any more.

#[path = "../async_callers.rs"]
pub mod async_callers;
#[path = "../callers.rs"]
pub mod callers;
pub mod shop;
