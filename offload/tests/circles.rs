//! Checks which jobs and waits a report names as a circle, and which it does not.
#![cfg(not(bridge_loom))]

mod common;

use std::{future::poll_fn, iter::zip, sync::mpsc, task::Poll};

use bridge_offload::{JobEntry, JobState, Offload, Pool, Report, Step};
use common::{eventually, pool, pool_with_blocked, wait};
use futures::{
    FutureExt,
    channel::oneshot,
    future::{poll_immediate, select},
};
use testkit::within;

/// Waits until the pool has this number of parked jobs.
fn parked(pool: &Pool, count: usize) {
    eventually("parked", || pool.metrics().blocked == count);
}

/// Returns the steps of the circle in a report.
fn steps(report: &Report) -> Vec<Step> {
    let cycle = report.cycle();
    cycle.map_or_else(Vec::new, |cycle| cycle.steps().to_vec())
}

/// Returns whether the report lists the job or the wait of a step.
fn lists(report: &Report, step: Step) -> bool {
    match step {
        Step::Job(number) => report.jobs().iter().any(|job| job.number() == number),
        Step::Wait(number) => report.waits().iter().any(|wait| wait.number() == number),
        _ => false,
    }
}

/// Runs a job in each of these pools that waits for the job in the next pool, and in the
/// last pool for the first job. The jobs end when the senders are dropped.
fn ring(pools: &[&Pool]) -> Vec<oneshot::Sender<()>> {
    let waits_for_other = |pool: &&Pool| {
        let (give, take) = mpsc::channel::<Offload<()>>();
        let (end, ended) = oneshot::channel();
        let job = move || {
            let other = take.recv().unwrap();
            let _ended = wait(select(other, ended));
        };
        (pool.run(job).start(), (give, end))
    };
    let (mut jobs, ends): (Vec<_>, Vec<_>) = pools.iter().map(waits_for_other).unzip();
    jobs.rotate_left(1);
    let give = |(job, (give, end)): (_, (mpsc::Sender<_>, _))| {
        give.send(job).unwrap();
        end
    };
    zip(jobs, ends).map(give).collect()
}

/// Otherwise the report names a job or a wait 0, which is in no list of the report. One link
/// of a circle is missing in the tree, so a wait of another pool may be linked with nothing.
#[test]
fn every_step_of_a_circle_through_other_pools_is_listed() {
    within(|| {
        let pools = [pool(1, 8), pool(1, 8), pool(1, 8)];
        let _until = ring(&[&pools[0], &pools[1], &pools[2]]);
        for own in &pools {
            eventually("a circle", || own.report().cycle().is_some());
            let report = own.report();
            let steps = steps(&report);
            assert_eq!(steps.len(), 6, "{report}");
            assert!(steps.iter().all(|step| lists(&report, *step)), "{report}");
        }
    });
}

/// Otherwise the report blames a job that only waits, and that no job of the circle needs.
/// That job began first, so the search begins there.
#[test]
fn a_job_that_a_job_of_the_circle_also_waits_for_is_not_part_of_it() {
    within(|| {
        let pool = pool_with_blocked(3, 8);
        let (_end_aside, ended) = oneshot::channel::<()>();
        let aside = pool.run(move || wait(ended).is_ok()).start();
        parked(&pool, 1);
        let (give, take) = mpsc::channel::<Offload<()>>();
        let (_end_first, ended) = oneshot::channel::<()>();
        let first = pool.run(move || {
            let second = take.recv().unwrap();
            let _ended = wait(select(aside, select(second, ended)));
        });
        let first = first.start();
        let (_end_second, ended) = oneshot::channel::<()>();
        let second = pool
            .run(move || {
                let _ended = wait(select(first, ended));
            })
            .start();
        give.send(second).unwrap();
        parked(&pool, 3);
        let report = pool.report();
        let steps = steps(&report);
        assert_eq!(steps.len(), 4, "{report}");
        assert!(!steps.contains(&Step::Job(1)), "{report}");
    });
}

/// Otherwise a report warns of a circle, although one of its jobs has been woken and its
/// future may be ready. That job polls. It has submitted another job in its wait, and so the
/// report knows of the wait.
#[test]
fn a_wait_that_polls_is_in_no_circle() {
    within(|| {
        let pool = pool(4, 8);
        let (give, take) = mpsc::channel::<Offload<()>>();
        let (ready, is_ready) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let (open_below, gate_below) = mpsc::channel::<()>();
        let own = pool.clone();
        let mut gate_below = Some(gate_below);
        let first = pool.run(move || {
            let mut second = take.recv().unwrap();
            let below = wait(poll_fn(|cx| {
                assert!(second.poll_unpin(cx).is_pending());
                let gate_below = gate_below.take().unwrap();
                let below = own.run(move || gate_below.recv().is_err()).start();
                ready.send(()).unwrap();
                let _open = gate.recv();
                Poll::Ready(below)
            }));
            second.detach();
            assert!(wait(below));
        });
        let first = first.start();
        let second = pool.run(move || wait(first)).start();
        parked(&pool, 1);
        give.send(second).unwrap();
        is_ready.recv().unwrap();
        eventually("two run", || pool.metrics().running == 2);
        let report = pool.report();
        assert_eq!(report.cycle(), None, "{report}");
        drop((open, open_below));
        eventually("over", || pool.metrics().completed == 3);
    });
}

/// Otherwise a report names a circle although one of its waits has left the job that waits
/// for it. That wait goes on as soon as its other future is ready.
#[test]
fn a_wait_that_has_left_a_job_is_in_no_circle_with_it() {
    for leave in [drop, Offload::detach] {
        within(|| {
            let pool = pool(4, 8);
            let (give, take) = mpsc::channel::<Offload<()>>();
            let (end, ended) = oneshot::channel::<()>();
            let (start, started) = mpsc::channel();
            let own = pool.clone();
            let first = pool.run(move || {
                let _ended = wait(async {
                    let second = own.run(move || {
                        start.send(()).unwrap();
                        wait(take.recv().unwrap());
                    });
                    let mut second = second.start();
                    // A job that has not begun would be withdrawn.
                    started.recv().unwrap();
                    assert!(poll_immediate(&mut second).await.is_none());
                    leave(second);
                    ended.await
                });
            });
            give.send(first.start()).unwrap();
            parked(&pool, 2);
            let report = pool.report();
            assert_eq!(report.cycle(), None, "{report}");
            drop(end);
            eventually("over", || pool.metrics().completed == 2);
        });
    }
}

/// Otherwise the report of the refused wait does not say why no thread can serve it.
#[test]
fn a_job_whose_worker_runs_a_lent_job_is_in_a_circle_with_it() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (_end_aside, ended) = oneshot::channel::<()>();
        let aside = pool.run(move || wait(ended).is_ok()).start();
        parked(&pool, 1);
        let (give, take) = mpsc::channel::<Offload<()>>();
        let (end, ended) = oneshot::channel::<()>();
        let own = pool.clone();
        let lends = pool.run(move || {
            wait(own.run(move || {
                let _ended = wait(select(take.recv().unwrap(), ended));
            }));
        });
        give.send(lends.start()).unwrap();
        eventually("both are parked", || {
            let states: Vec<_> = pool.report().jobs().iter().map(JobEntry::state).collect();
            states == [JobState::Parked, JobState::Lending, JobState::Parked]
        });
        let report = pool.report();
        assert_eq!(steps(&report).len(), 4, "{report}");
        drop(end);
        drop(aside);
    });
}
