//! Where does this thread stand?
//!
//! [`Context::current`] answers in three words, [`Place::current`] in as many
//! as waiting needs.
#![forbid(unsafe_code)]

mod context;
mod in_async;
mod mark;
mod place;
mod probe;

pub use context::Context;
pub use in_async::{InAsync, in_async};
pub use mark::{Mark, MarkGuard};
pub use place::Place;
