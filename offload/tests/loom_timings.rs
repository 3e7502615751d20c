//! The timings of a pool, in every order of steps: each job is recorded once, and before
//! its caller can see the result. See `loom.rs`.
#![cfg(bridge_loom)]

mod common;

use std::time::Duration;

use bridge_offload::{Builder, Pool};
use common::{
    exploring::{LONG, explore},
    wait,
};
use loom::thread;

/// Returns a pool that measures its jobs, and whose workers never spin.
fn builder(threads: usize) -> Builder {
    Pool::builder()
        .max_threads(threads)
        .max_blocked_threads(1)
        .spin(Duration::ZERO)
        .timings(true)
}

/// Returns how many jobs were measured: in the queue, and on a worker.
fn counts(pool: &Pool) -> (u64, u64) {
    let metrics = pool.metrics();
    let timings = metrics.queued_for.zip(metrics.ran_for);
    let (queued, ran) = timings.expect("timings are on");
    (queued.count, ran.count)
}

/// Ends the pool, and checks that it has measured this number of jobs.
fn end(pool: &Pool, jobs: u64) {
    let _report = pool.shutdown(LONG).wait();
    assert_eq!(counts(pool), (jobs, jobs));
}

/// Otherwise a program that scrapes after an answer misses the job of that answer.
#[test]
fn loom_a_job_is_measured_before_its_caller_sees_the_result() {
    explore(|| {
        let pool = builder(1).build().unwrap();
        for jobs in 1..=2 {
            wait(pool.run(|| ()));
            assert_eq!(counts(&pool), (jobs, jobs));
        }
        end(&pool, 2);
    });
}

/// Otherwise two workers overwrite each other's counts, or a scrape shows a job that never
/// was.
#[test]
fn loom_two_workers_and_a_reader_lose_no_job() {
    explore(|| {
        let pool = builder(2).build().unwrap();
        let jobs: Vec<_> = (0..2).map(|_| pool.run(|| ()).start()).collect();
        let other = pool.clone();
        let reader = thread::spawn(move || {
            let (queued, ran) = counts(&other);
            assert!(queued <= 2 && ran <= 2);
        });
        jobs.into_iter().for_each(wait);
        assert_eq!(counts(&pool), (2, 2));
        reader.join().unwrap();
        end(&pool, 2);
    });
}

/// Otherwise the counts of a worker that has ended are lost, or its successor overwrites
/// them.
#[test]
fn loom_the_next_worker_of_a_stack_goes_on_with_its_counts() {
    explore(|| {
        let pool = builder(1)
            .keep_alive(Duration::from_nanos(1))
            .build()
            .unwrap();
        for jobs in 1..=2 {
            wait(pool.run(|| ()));
            assert_eq!(counts(&pool), (jobs, jobs));
        }
        end(&pool, 2);
    });
}

/// Otherwise a withdrawn job counts as one that ran, or a job that ran is not measured.
#[test]
fn loom_a_job_is_measured_if_and_only_if_it_ran() {
    explore(|| {
        let pool = builder(1).build().unwrap();
        drop(pool.run(|| ()).start());
        let _report = pool.shutdown(LONG).wait();
        let ran = pool.metrics().completed;
        assert_eq!(counts(&pool), (ran, ran));
    });
}
