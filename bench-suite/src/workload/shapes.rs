//! Functions of other shapes, smart and plain: methods, borrowed arguments, generics
//! and outputs that may fail.
//!
//! The plain functions are what a programmer would write by hand. All functions do the
//! same work, which is not inlined, so they differ only in what surrounds it.

use bridge::smartasync;

#[inline(never)]
fn work(number: u64) -> u64 {
    number.rotate_left(7) ^ 0x5bd1_e995
}

/// A type with methods.
#[derive(Clone, Copy, Debug)]
pub struct Thing(pub u64);

impl Thing {
    /// A plain method that blocks.
    #[must_use]
    pub fn plain_sync(&self, number: u64) -> u64 {
        work(self.0 + number)
    }

    /// A smart method that blocks.
    #[smartasync]
    pub fn smart_sync(&self, number: u64) -> u64 {
        work(self.0 + number)
    }

    /// A plain async method.
    pub async fn plain_async(&self, number: u64) -> u64 {
        std::future::ready(work(self.0 + number)).await
    }

    /// A smart async method.
    #[smartasync]
    pub async fn smart_async(&self, number: u64) -> u64 {
        std::future::ready(work(self.0 + number)).await
    }
}

/// A plain function with a borrowed argument.
#[must_use]
pub fn plain_borrowed(text: &str) -> u64 {
    work(text.len() as u64)
}

/// A smart function with a borrowed argument.
#[smartasync]
pub fn smart_borrowed(text: &str) -> u64 {
    work(text.len() as u64)
}

/// A plain async function with a borrowed argument.
pub async fn plain_borrowed_async(text: &str) -> u64 {
    std::future::ready(work(text.len() as u64)).await
}

/// A smart async function with a borrowed argument.
#[smartasync]
pub async fn smart_borrowed_async(text: &str) -> u64 {
    std::future::ready(work(text.len() as u64)).await
}

/// A plain generic function.
pub fn plain_generic<T: Into<u64>>(number: T) -> u64 {
    work(number.into())
}

/// A smart generic function.
#[smartasync]
pub fn smart_generic<T: Into<u64> + Send + 'static>(number: T) -> u64 {
    work(number.into())
}

/// A plain generic async function.
pub async fn plain_generic_async<T: Into<u64>>(number: T) -> u64 {
    std::future::ready(work(number.into())).await
}

/// A smart generic async function.
#[smartasync]
pub async fn smart_generic_async<T: Into<u64>>(number: T) -> u64 {
    std::future::ready(work(number.into())).await
}

/// An error: the number is 100 or greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooGreat;

/// A plain function that may fail.
///
/// # Errors
///
/// Returns an error from 100 on.
pub fn plain_result(number: u64) -> Result<u64, TooGreat> {
    if number < 100 {
        Ok(work(number))
    } else {
        Err(TooGreat)
    }
}

/// A smart function that may fail.
///
/// # Errors
///
/// Returns an error from 100 on.
#[smartasync]
pub fn smart_result(number: u64) -> Result<u64, TooGreat> {
    if number < 100 {
        Ok(work(number))
    } else {
        Err(TooGreat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THING: Thing = Thing(4);

    #[test]
    fn smart_and_plain_compute_the_same_from_sync_code() {
        testkit::within(|| {
            assert_eq!(THING.smart_sync(3).wait(), THING.plain_sync(3));
            assert_eq!(THING.smart_async(3).wait(), THING.plain_sync(3));
            assert_eq!(smart_borrowed("ab").wait(), plain_borrowed("ab"));
            assert_eq!(smart_borrowed_async("ab").wait(), plain_borrowed("ab"));
            assert_eq!(smart_generic(3_u32).wait(), plain_generic(3_u32));
            assert_eq!(smart_generic_async(3_u32).wait(), plain_generic(3_u32));
            for number in [7, 700] {
                assert_eq!(smart_result(number).wait(), plain_result(number));
            }
        });
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn so_they_do_from_async_code() {
        assert_eq!(THING.smart_sync(3).await, THING.plain_sync(3));
        assert_eq!(THING.smart_async(3).await, THING.plain_async(3).await);
        assert_eq!(smart_borrowed("ab").await, plain_borrowed("ab"));
        assert_eq!(
            smart_borrowed_async("ab").await,
            plain_borrowed_async("ab").await
        );
        assert_eq!(smart_generic(3_u32).await, plain_generic(3_u32));
        assert_eq!(
            smart_generic_async(3_u32).await,
            plain_generic_async(3_u32).await
        );
        assert_eq!(smart_result(700).await, Err(TooGreat));
    }
}
