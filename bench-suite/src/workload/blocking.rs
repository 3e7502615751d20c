//! Many jobs that block at the same time: on a slow service, or on each other.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use tokio::task;

use super::way::{Job, Way};

/// How the jobs of a burst block.
#[derive(Clone, Copy, Debug)]
pub enum On {
    /// Each job waits this long, as if for the answer of a slow service.
    Service(Duration),
    /// Each job waits until all of them wait.
    EachOther,
}

/// Spawns `count` tasks, each of which awaits one job that blocks, and awaits all of them.
///
/// Returns how many jobs have ended.
///
/// # Panics
///
/// Panics if a job panics.
pub async fn all_block<W: Way>(way: W, count: usize, on: On) -> usize {
    match on {
        On::Service(time) => each_awaits(way, count, move || thread::sleep(time)).await,
        On::EachOther => {
            let barrier = Arc::new(Barrier::new(count));
            let job = move || {
                barrier.wait();
            };
            each_awaits(way, count, job).await
        }
    }
}

async fn each_awaits<W: Way>(way: W, count: usize, job: impl Job<()> + Clone) -> usize {
    let tasks: Vec<_> = (0..count)
        .map(|_| {
            let (way, job) = (way.clone(), job.clone());
            task::spawn(async move { way.run(job).await })
        })
        .collect();
    let mut ended = 0;
    for task in tasks {
        task.await.expect("a job does not panic");
        ended += 1;
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{
        run,
        way::{Ours, SpawnBlocking},
    };

    #[test]
    fn no_way_loses_a_job() {
        let runtime = run::multi_thread();
        testkit::within(|| {
            for on in [On::Service(Duration::from_millis(1)), On::EachOther] {
                runtime.block_on(async {
                    assert_eq!(all_block(Ours::global(), 50, on).await, 50);
                    assert_eq!(all_block(SpawnBlocking, 50, on).await, 50);
                });
            }
        });
    }
}
