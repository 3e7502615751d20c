//! Where does this thread stand?
//!
//! [`Context::current`] answers in three words, [`Place::current`] in as many
//! as waiting needs.
#![forbid(unsafe_code)]

mod context;
mod mark;
mod place;
mod probe;

pub use context::Context;
pub use mark::{InAsync, Mark, MarkGuard, in_async};
pub use place::Place;
