//! Decides which futures and closures are boxed before anything else is done with them.
//!
//! A build that is not optimised keeps a copy of a value in the frame of each
//! function that passes it on. So the ways into a wait, a spawn or the pool box a large
//! value as the first thing they do, and the code below passes a pointer. Tokio does the
//! same, from the same sizes on. [`Pool::run_unless`](crate::Pool::run_unless) alone keeps
//! the closure in its future, as any async function would.

use std::marker::PhantomData;

/// A larger value is boxed. The limit is higher in optimised code, which copies less.
const LIMIT: usize = if cfg!(debug_assertions) { 2048 } else { 16_384 };

/// Tells whether values of type `T` are large.
///
/// The answer is an associated constant, so a function compiles only the branch that
/// it selects. Otherwise the other branch would take room in the frame as well.
#[derive(Debug)]
pub struct Large<T>(PhantomData<T>);

impl<T> Large<T> {
    /// Whether a value of type `T` is large.
    pub const IS: bool = size_of::<T>() > LIMIT;
}
