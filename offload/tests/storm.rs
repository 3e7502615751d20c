//! Jobs so short that submitters leave them in the inbox.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge_offload::Pool;
use common::{pool, wait};
use futures::future::join_all;
use testkit::within;

const JOBS: usize = 20_000;

#[test]
fn one_thread_runs_the_jobs_of_each_submitter_in_order() {
    within(|| {
        let pool = pool(1, 1 << 20);
        let ran = Arc::new(Mutex::new(vec![Vec::new(); 3]));
        thread::scope(|scope| {
            for submitter in 0..3 {
                let (pool, ran) = (&pool, &ran);
                scope.spawn(move || {
                    let tasks: Vec<_> = (0..JOBS)
                        .map(|job| {
                            let ran = Arc::clone(ran);
                            pool.run(move || ran.lock().unwrap()[submitter].push(job))
                                .start()
                        })
                        .collect();
                    wait(join_all(tasks));
                });
            }
        });
        for order in &*ran.lock().unwrap() {
            assert!(order.iter().copied().eq(0..JOBS));
        }
    });
}

#[test]
fn the_queue_never_holds_more_than_its_capacity() {
    within(|| {
        let pool = pool(4, 8);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let tasks = (0..JOBS).map(|job| pool.run(move || job).start());
                    let tasks: Vec<_> = tasks.collect();
                    assert!(wait(join_all(tasks)).into_iter().eq(0..JOBS));
                });
            }
        });
        let metrics = pool.metrics();
        assert!(metrics.peak_queued <= 8, "{metrics:?}");
        assert_eq!(metrics.completed, 2 * JOBS as u64);
    });
}

#[test]
fn each_job_is_run_cancelled_or_rejected() {
    within(|| {
        let pool = pool(2, 64);
        let ran = Arc::new(AtomicUsize::new(0));
        let (mut cancelled, mut rejected) = (0, 0);
        let mut kept = Vec::new();
        for job in 0..JOBS {
            let count = Arc::clone(&ran);
            let closure = move || count.fetch_add(1, Ordering::Relaxed);
            match pool.try_run(closure) {
                Ok(task) if job % 3 == 0 => drop(task),
                Ok(task) if job % 3 == 1 => {
                    cancelled += usize::from(task.cancel() == bridge_offload::Cancelled::Withdrawn);
                }
                Ok(task) => kept.push(task),
                Err(full) => {
                    assert!(full.is_full());
                    rejected += 1;
                }
            }
        }
        wait(join_all(kept));
        let report = pool.shutdown(Duration::MAX).wait();
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        let metrics = pool.metrics();
        let run = ran.load(Ordering::Relaxed) as u64;
        assert_eq!((metrics.completed, metrics.rejected), (run, rejected));
        assert_eq!(run + metrics.cancelled + rejected, JOBS as u64);
        assert!(metrics.cancelled >= cancelled as u64);
    });
}

/// Otherwise a job that blocks in the middle of a storm keeps the jobs behind it from
/// running. It waits for one of them.
#[test]
fn a_job_that_blocks_in_a_storm_keeps_nothing_back() {
    within(|| {
        let pool: Pool = pool(4, 1 << 20);
        for _ in 0..20 {
            let (sender, receiver) = mpsc::channel();
            let mut tasks: Vec<_> = (0..500).map(|_| pool.run(|| ()).start()).collect();
            tasks.push(pool.run(move || receiver.recv().unwrap()).start());
            tasks.extend((0..500).map(|_| pool.run(|| ()).start()));
            tasks.push(pool.run(move || sender.send(()).unwrap()).start());
            wait(join_all(tasks));
        }
    });
}
