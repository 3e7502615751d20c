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

#[cfg(test)]
mod tests {
    use super::Large;

    /// Otherwise a build without optimisation overflows its stack, and an optimised build
    /// allocates for small values.
    #[test]
    fn the_limit_is_higher_in_optimised_code() {
        let is = [
            Large::<[u8; 2048]>::IS,
            Large::<[u8; 2049]>::IS,
            Large::<[u8; 16_384]>::IS,
            Large::<[u8; 16_385]>::IS,
        ];
        let debug = cfg!(debug_assertions);
        assert_eq!(is, [false, debug, debug, true]);
    }
}
