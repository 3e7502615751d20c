//! Two functions, each written as a smart function and as a plain one.
//!
//! The functions do a little arithmetic, so that a compiler cannot drop them and their
//! own cost hides nothing. `#[inline(never)]` keeps the plain functions comparable: in
//! both cases one function is called, and the figure shows what surrounds the call.

use bridge::smartasync;

#[inline(never)]
fn work(number: u64) -> u64 {
    number.rotate_left(7) ^ 0x5bd1_e995
}

/// Blocking work, as a plain function.
#[must_use]
pub fn plain_sync(number: u64) -> u64 {
    work(number)
}

/// Blocking work, as a smart function.
#[smartasync]
pub fn smart_sync(number: u64) -> u64 {
    work(number)
}

/// Async work, as a plain function.
pub async fn plain_async(number: u64) -> u64 {
    std::future::ready(work(number)).await
}

/// Async work, as a smart function.
#[smartasync]
pub async fn smart_async(number: u64) -> u64 {
    std::future::ready(work(number)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn smart_and_plain_compute_the_same() {
        assert_eq!(smart_async(3).await, plain_async(3).await);
        assert_eq!(smart_sync(3).await, plain_sync(3));
    }

    #[test]
    fn so_they_do_from_sync_code() {
        assert_eq!(smart_sync(3).wait(), plain_sync(3));
        assert_eq!(smart_async(3).wait(), plain_sync(3));
    }
}
