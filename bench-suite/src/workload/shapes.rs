//! Functions of other shapes, smart and plain: methods, borrowed arguments,
//! generics, outputs that may fail.
//!
//! The plain ones are what one would write by hand. All do the same work, which
//! is not inlined, so that what surrounds it is what differs.

use bridge::smartasync;

#[inline(never)]
fn work(number: u64) -> u64 {
    number.rotate_left(7) ^ 0x5bd1_e995
}

/// Something with methods.
#[derive(Clone, Copy, Debug)]
pub struct Thing(pub u64);

impl Thing {
    /// A method that blocks, plain.
    #[must_use]
    pub fn plain_sync(&self, number: u64) -> u64 {
        work(self.0 + number)
    }

    /// The same, smart.
    #[smartasync]
    pub fn smart_sync(&self, number: u64) -> u64 {
        work(self.0 + number)
    }

    /// A method that waits, plain.
    pub async fn plain_async(&self, number: u64) -> u64 {
        std::future::ready(work(self.0 + number)).await
    }

    /// The same, smart.
    #[smartasync]
    pub async fn smart_async(&self, number: u64) -> u64 {
        std::future::ready(work(self.0 + number)).await
    }
}

/// A borrowed argument, plain.
#[must_use]
pub fn plain_borrowed(text: &str) -> u64 {
    work(text.len() as u64)
}

/// The same, smart.
#[smartasync]
pub fn smart_borrowed(text: &str) -> u64 {
    work(text.len() as u64)
}

/// A borrowed argument, async and plain.
pub async fn plain_borrowed_async(text: &str) -> u64 {
    std::future::ready(work(text.len() as u64)).await
}

/// The same, smart.
#[smartasync]
pub async fn smart_borrowed_async(text: &str) -> u64 {
    std::future::ready(work(text.len() as u64)).await
}

/// Generic, plain.
pub fn plain_generic<T: Into<u64>>(number: T) -> u64 {
    work(number.into())
}

/// The same, smart.
#[smartasync]
pub fn smart_generic<T: Into<u64> + Send + 'static>(number: T) -> u64 {
    work(number.into())
}

/// Generic, async and plain.
pub async fn plain_generic_async<T: Into<u64>>(number: T) -> u64 {
    std::future::ready(work(number.into())).await
}

/// The same, smart.
#[smartasync]
pub async fn smart_generic_async<T: Into<u64>>(number: T) -> u64 {
    std::future::ready(work(number.into())).await
}

/// A number that may be too great.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooGreat;

/// A result, plain.
///
/// # Errors
///
/// From 100 on.
pub fn plain_result(number: u64) -> Result<u64, TooGreat> {
    if number < 100 {
        Ok(work(number))
    } else {
        Err(TooGreat)
    }
}

/// The same, smart.
///
/// # Errors
///
/// From 100 on.
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
