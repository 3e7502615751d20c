//! Many jobs that block at the same time: on a slow service, or on each other.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use super::{tasks::each_awaits, way::Way};

/// What the jobs of a burst block on.
#[derive(Clone, Copy, Debug)]
pub enum On {
    /// Each job waits this long, as if for the answer of a slow service.
    Service(Duration),
    /// Each job waits until all of them wait.
    EachOther,
}

/// Spawns `count` tasks, each of which awaits one job that blocks, and awaits all of them.
///
/// Returns the sum of what the jobs returned, which is
/// [`burst::sum`](super::burst::sum) of `count` if no job was lost or run twice.
///
/// # Panics
///
/// Panics if a job panics.
pub async fn all_block<W: Way>(way: W, count: u32, on: On) -> u64 {
    let barrier = Arc::new(Barrier::new(count as usize));
    let job = |number| {
        let barrier = Arc::clone(&barrier);
        move || {
            match on {
                On::Service(time) => thread::sleep(time),
                On::EachOther => {
                    barrier.wait();
                }
            }
            number
        }
    };
    each_awaits(way, count.into(), job).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{
        burst, run,
        way::{Ours, SpawnBlocking},
    };

    #[test]
    fn no_way_loses_a_job() {
        let runtime = run::multi_thread();
        testkit::within(|| {
            for on in [On::Service(Duration::from_millis(1)), On::EachOther] {
                runtime.block_on(async {
                    assert_eq!(all_block(Ours::global(), 50, on).await, burst::sum(50));
                    assert_eq!(all_block(SpawnBlocking, 50, on).await, burst::sum(50));
                });
            }
        });
    }
}
