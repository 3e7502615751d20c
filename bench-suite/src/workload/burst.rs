//! Many jobs at once: all submitted, then all awaited.
//!
//! Each function returns the sum of what its jobs returned, [`sum`] of their
//! count if none was lost or run twice.

use std::thread;

use ::bridge::{Bridge, Offload};
use futures::future::join_all;

/// What the jobs of a burst add up to.
#[must_use]
pub fn sum(jobs: u64) -> u64 {
    jobs * jobs.saturating_sub(1) / 2
}

/// A bridge whose queue holds `capacity` jobs.
///
/// # Panics
///
/// If `capacity` is zero.
#[must_use]
pub fn bridge_with_queue(capacity: usize) -> Bridge {
    Bridge::builder()
        .queue_capacity(capacity)
        .build()
        .expect("a queue of that size")
}

/// A job of `bridge`, queued at once.
fn started(bridge: &Bridge, number: u64) -> Offload<u64> {
    bridge.offload(move || number).start()
}

/// Through `bridge`, started.
pub async fn bridge(bridge: &Bridge, jobs: u64) -> u64 {
    let started: Vec<_> = (0..jobs).map(|number| started(bridge, number)).collect();
    let mut sum = 0;
    for job in started {
        sum += job.await;
    }
    sum
}

/// Through `bridge`, by `join_all`, on whose first poll the jobs are queued.
pub async fn bridge_joined(bridge: &Bridge, jobs: u64) -> u64 {
    let all = (0..jobs).map(|number| bridge.offload(move || number));
    join_all(all).await.into_iter().sum()
}

/// Through Tokio's blocking pool.
///
/// # Panics
///
/// If the runtime is shut down meanwhile.
pub async fn spawn_blocking(jobs: u64) -> u64 {
    let started: Vec<_> = (0..jobs)
        .map(|number| tokio::task::spawn_blocking(move || number))
        .collect();
    let mut sum = 0;
    for job in started {
        sum += job.await.expect("the job does not panic");
    }
    sum
}

/// Through Tokio's blocking pool, by `join_all`.
///
/// # Panics
///
/// If the runtime is shut down meanwhile.
pub async fn spawn_blocking_joined(jobs: u64) -> u64 {
    let all = (0..jobs).map(|number| tokio::task::spawn_blocking(move || number));
    join_all(all)
        .await
        .into_iter()
        .map(|done| done.expect("the job does not panic"))
        .sum()
}

/// Through the `blocking` crate.
pub async fn unblock(jobs: u64) -> u64 {
    let started: Vec<_> = (0..jobs)
        .map(|number| blocking::unblock(move || number))
        .collect();
    let mut sum = 0;
    for job in started {
        sum += job.await;
    }
    sum
}

/// Through the `blocking` crate, by `join_all`.
pub async fn unblock_joined(jobs: u64) -> u64 {
    join_all((0..jobs).map(|number| blocking::unblock(move || number)))
        .await
        .into_iter()
        .sum()
}

/// Through `tokio-rayon`.
pub async fn tokio_rayon(jobs: u64) -> u64 {
    let started: Vec<_> = (0..jobs)
        .map(|number| tokio_rayon::spawn(move || number))
        .collect();
    let mut sum = 0;
    for job in started {
        sum += job.await;
    }
    sum
}

/// Through `tokio-rayon`, by `join_all`.
pub async fn tokio_rayon_joined(jobs: u64) -> u64 {
    join_all((0..jobs).map(|number| tokio_rayon::spawn(move || number)))
        .await
        .into_iter()
        .sum()
}

/// `rounds` bursts through one `bridge`, each of `jobs` jobs that `submitters`
/// threads share; the threads do not wait for each other between rounds.
///
/// # Panics
///
/// If a job does.
#[must_use]
pub fn bridge_from_threads(bridge: &Bridge, submitters: u64, jobs: u64, rounds: u64) -> u64 {
    let share = jobs / submitters;
    let submit = || {
        (0..rounds)
            .map(|_| pollster::block_on(self::bridge(bridge, share)))
            .sum::<u64>()
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..submitters).map(|_| scope.spawn(submit)).collect();
        all.into_iter()
            .map(|thread| thread.join().expect("no job panics"))
            .sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOBS: u64 = 50;

    #[tokio::test(flavor = "multi_thread")]
    async fn no_way_loses_a_job_or_runs_one_twice() {
        let ours = bridge_with_queue(64);
        for result in [
            bridge(&ours, JOBS).await,
            bridge_joined(&ours, JOBS).await,
            spawn_blocking(JOBS).await,
            spawn_blocking_joined(JOBS).await,
            unblock(JOBS).await,
            unblock_joined(JOBS).await,
            tokio_rayon(JOBS).await,
            tokio_rayon_joined(JOBS).await,
        ] {
            assert_eq!(result, sum(JOBS));
        }
    }

    #[test]
    fn submitting_threads_share_the_jobs() {
        let ours = bridge_with_queue(64);
        assert_eq!(
            bridge_from_threads(&ours, 5, JOBS, 3),
            3 * 5 * sum(JOBS / 5)
        );
    }
}
