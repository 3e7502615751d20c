//! Many jobs at once: a burst submits all of them, then awaits all of them.
//!
//! Each function returns the sum of what its jobs returned. This is [`sum`] of their
//! count, unless a job was lost or run twice.

use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use bridge::Offload;
use futures::future::join_all;
use tokio::runtime::Handle;

use super::way::Way;

/// Returns the sum of what the jobs of a burst return.
#[must_use]
pub fn sum(jobs: u64) -> u64 {
    jobs * (jobs + 1) / 2
}

/// Queues all jobs, one after the other, then awaits them.
pub async fn started<W: Way>(way: W, jobs: u64) -> u64 {
    let started: Vec<_> = (1..=jobs).map(|number| way.start(move || number)).collect();
    let mut sum = 0;
    for job in started {
        sum += job.await;
    }
    sum
}

/// Awaits all jobs by `join_all`, whose first poll queues the jobs at the latest.
pub async fn joined<W: Way>(way: W, jobs: u64) -> u64 {
    let all = (1..=jobs).map(|number| way.run(move || number));
    join_all(all).await.into_iter().sum()
}

/// Runs `rounds` bursts, each of `jobs` jobs that `submitters` threads share.
///
/// Returns the sum, and the time from the first thread's start to the last thread's
/// end. The threads do not wait for each other between rounds. They are plain threads,
/// and enter `runtime` for a way that needs one.
///
/// # Panics
///
/// Panics if a job panics.
#[must_use]
pub fn from_threads<W: Way>(
    way: &W,
    runtime: &Handle,
    submitters: u64,
    jobs: u64,
    rounds: u64,
) -> (u64, Duration) {
    let share = jobs / submitters;
    let ready = Barrier::new(usize::try_from(submitters).unwrap_or(usize::MAX));
    let submit = || {
        let _entered = W::NEEDS_RUNTIME.then(|| runtime.enter());
        ready.wait();
        let start = Instant::now();
        let sum = (0..rounds)
            .map(|_| pollster::block_on(started(way.clone(), share)))
            .sum::<u64>();
        (sum, start, Instant::now())
    };
    let done: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..submitters).map(|_| scope.spawn(submit)).collect();
        all.into_iter()
            .map(|thread| thread.join().expect("no job panics"))
            .collect()
    });
    let sum = done.iter().map(|one| one.0).sum();
    let first = done.iter().map(|one| one.1).min();
    let last = done.iter().map(|one| one.2).max();
    let time = first.zip(last).map(|(first, last)| last - first);
    (sum, time.unwrap_or_default())
}

/// Returns the time in which one thread allocates and frees the memory of `rounds`
/// bursts of `jobs` jobs.
///
/// The memory is that of the jobs and of their futures. No burst can take less time.
///
/// # Panics
///
/// Panics if the system has no such memory.
#[must_use]
pub fn memory_alone(jobs: u64, rounds: u64) -> Duration {
    /// A job that holds a closure and a result of one word each has this length.
    type Job = [u64; 11];
    /// The future of an offload is a pointer to its job, and these bytes beside it.
    type Future = (Box<Job>, [u8; BESIDE]);
    const BESIDE: usize = size_of::<Offload<u64>>() - size_of::<Box<Job>>();

    let rounds = move || {
        let start = Instant::now();
        for _ in 0..rounds {
            let all: Vec<Future> = (0..jobs)
                .map(|number| (Box::new([number; 11]), [0; BESIDE]))
                .collect();
            black_box(&all);
            for one in all {
                drop(black_box(one));
            }
        }
        start.elapsed()
    };
    thread::spawn(rounds).join().expect("there is memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{
        run,
        way::{Affinity, Ours, SpawnBlocking, TokioRayon, Unblock},
    };

    const JOBS: u64 = 50;

    async fn loses_nothing(way: impl Way) {
        assert_eq!(started(way.clone(), JOBS).await, sum(JOBS));
        assert_eq!(joined(way, JOBS).await, sum(JOBS));
    }

    #[test]
    fn no_way_loses_a_job_or_runs_one_twice() {
        let runtime = run::multi_thread();
        testkit::within(|| {
            runtime.block_on(loses_nothing(Ours::with_queue(64)));
            runtime.block_on(loses_nothing(SpawnBlocking));
            runtime.block_on(loses_nothing(Unblock));
            runtime.block_on(loses_nothing(TokioRayon));
            runtime.block_on(loses_nothing(Affinity::of(2)));
        });
    }

    #[test]
    fn submitting_threads_share_the_jobs() {
        let runtime = run::multi_thread();
        let all = 3 * 5 * sum(JOBS / 5);
        testkit::within(|| {
            let ours = from_threads(&Ours::with_queue(64), runtime.handle(), 5, JOBS, 3);
            assert_eq!(ours.0, all);
            assert!(ours.1 > Duration::ZERO);
            let theirs = from_threads(&SpawnBlocking, runtime.handle(), 5, JOBS, 3);
            assert_eq!(theirs.0, all);
        });
    }
}
