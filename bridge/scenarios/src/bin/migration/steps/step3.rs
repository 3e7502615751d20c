//! Step 3: `stock` is async too.

#[path = "../async_callers.rs"]
pub mod async_callers;
#[path = "../callers.rs"]
pub mod callers;
pub mod shop;
