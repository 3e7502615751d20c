//! Which futures and closures are boxed before anything else is done with them.
//!
//! A build that is not optimised keeps a copy of a value in the frame of each
//! function that passes it on. So every public way into a wait, a spawn or the pool
//! boxes a large value as the first thing it does, and what lies below passes a
//! pointer. Tokio does the same, from the same sizes on.

use std::marker::PhantomData;

/// A larger value is boxed. Optimised code copies less, and may keep more.
const LIMIT: usize = if cfg!(debug_assertions) { 2048 } else { 16_384 };

/// Whether values of type `T` are large.
///
/// An associated constant, because a function compiles only the branch that such a
/// constant selects. A branch that is not taken takes room in the frame as well.
#[derive(Debug)]
pub struct Large<T>(PhantomData<T>);

impl<T> Large<T> {
    /// Whether they are.
    pub const IS: bool = size_of::<T>() > LIMIT;
}
