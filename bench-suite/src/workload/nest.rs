//! Sync in async in sync, to a given depth, by the functions of a program that
//! thinks nothing of it.

use bridge::smartasync;

/// Blocking, and needs something async, unless this is the innermost level.
#[smartasync]
pub fn down(levels: u64) -> u64 {
    if levels == 0 { 0 } else { over(levels).wait() }
}

/// Async, and needs something blocking. One level is a wait and an offload.
#[smartasync]
pub async fn over(levels: u64) -> u64 {
    1 + down(levels - 1).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_gone_through() {
        testkit::within(|| {
            for levels in [0, 1, 2, 8, 64, 256, 1000] {
                assert_eq!(down(levels).wait(), levels);
            }
        });
    }
}
