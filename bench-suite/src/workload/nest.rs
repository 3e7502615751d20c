//! Sync code in async code in sync code, nested to a given depth.
//!
//! The functions are written as by a programmer who does not think about nesting.

use bridge::smartasync;

/// Blocks, and waits for an async function unless this is the innermost level.
#[smartasync]
pub fn down(levels: u64) -> u64 {
    if levels == 0 { 0 } else { over(levels).wait() }
}

/// Awaits a blocking function. One level is a wait and an offload.
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
