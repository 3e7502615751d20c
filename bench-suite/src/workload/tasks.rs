//! Many tasks that each await one short job, like the burst of requests of a service.

use tokio::task;

use super::way::{Job, Way};

/// Spawns `count` tasks, each of which awaits one job, and awaits all of them.
///
/// Returns the sum of what the jobs returned, which is
/// [`burst::sum`](super::burst::sum) of `count` if no job was lost or run twice.
///
/// # Panics
///
/// Panics if a job panics.
pub async fn each_awaits_one<W: Way>(way: W, count: u64) -> u64 {
    each_awaits(way, count, |number| move || number).await
}

/// As [`each_awaits_one`], with the job that `job` makes of the task's number.
///
/// # Panics
///
/// Panics if a job panics.
pub async fn each_awaits<W: Way, J: Job<u64>>(way: W, count: u64, job: impl Fn(u64) -> J) -> u64 {
    let tasks: Vec<_> = (1..=count)
        .map(|number| {
            let (way, job) = (way.clone(), job(number));
            task::spawn(async move { way.run(job).await })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("a job does not panic");
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{
        burst,
        queue::QueueAlone,
        run,
        way::{Affinity, Ours, SpawnBlocking, TokioRayonPool},
    };

    #[test]
    fn no_way_loses_a_job_or_runs_one_twice() {
        const COUNT: u64 = 200;
        let runtime = run::multi_thread();
        let all = async {
            let wanted = burst::sum(COUNT);
            assert_eq!(each_awaits_one(Ours::global(), COUNT).await, wanted);
            assert_eq!(each_awaits_one(Ours::with_threads(2), COUNT).await, wanted);
            assert_eq!(each_awaits_one(Affinity::of(2), COUNT).await, wanted);
            assert_eq!(each_awaits_one(TokioRayonPool::of(2), COUNT).await, wanted);
            assert_eq!(each_awaits_one(SpawnBlocking, COUNT).await, wanted);
            assert_eq!(each_awaits_one(QueueAlone::start(), COUNT).await, wanted);
        };
        testkit::within(|| runtime.block_on(all));
    }
}
