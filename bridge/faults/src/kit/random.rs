//! Nested calls that are drawn at random.

use std::{pin::Pin, time::Duration};

use bridge::Bridge;
use tokio::time::{sleep, timeout};

/// A small generator, so that a seed names a program.
#[derive(Clone, Copy)]
pub(crate) struct Random(u64);

impl Random {
    /// Returns the generator of that seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Returns a number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(usize::MAX) % bound
    }
}

type Work = Pin<Box<dyn Future<Output = usize> + Send>>;

/// Takes so many steps, one inside the other, in a job; returns how many it took.
pub(crate) fn nest(bridge: &Bridge, mut random: Random, steps: usize) -> usize {
    if steps == 0 {
        return 0;
    }
    let kind = random.below(7);
    let inner = bridge.clone();
    let job = move || nest(&inner, random, steps - 1);
    let future: Work = match kind {
        0 => Box::pin(bridge.offload(job)),
        1 => {
            let (first, other) = (bridge.offload(job), bridge.offload(|| ()));
            Box::pin(async move { tokio::join!(first, other).0 })
        }
        2 => {
            let job = bridge.offload(job);
            Box::pin(async move {
                tokio::select! {
                    value = job => value,
                    () = sleep(Duration::from_hours(1)) => unreachable!("far too late"),
                }
            })
        }
        3 => {
            let job = bridge.offload(job);
            Box::pin(async move {
                timeout(Duration::from_hours(1), job)
                    .await
                    .expect("in time")
            })
        }
        4 => {
            let bridge = bridge.clone();
            let spawns = bridge.clone();
            let task = async move { bridge.offload(job).await };
            Box::pin(async move { spawns.spawn(task).await.expect("no panic") })
        }
        5 => {
            let job = bridge.offload(job).start();
            Box::pin(async move {
                sleep(Duration::from_micros(50)).await;
                job.await
            })
        }
        _ => {
            // A wait inside a wait, in one job.
            let bridge = bridge.clone();
            Box::pin(async move {
                let waits = bridge.clone();
                waits.wait(async move { bridge.offload(job).await })
            })
        }
    };
    bridge.wait(future) + 1
}
