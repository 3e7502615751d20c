//! Reports that are taken while jobs start, park, lend and end.

use bridge_offload::{JobState, Report, Step};

use crate::{
    runner::explore,
    world::{Size, World, join_all, wait, wait_outside},
};

/// Checks a report of jobs that nest.
fn check(report: &Report) {
    check_links(report);
    assert_eq!(report.cycle(), None, "nobody waits in a circle: {report}");
}

/// Checks that a report refers to nothing that it does not list.
pub(crate) fn check_links(report: &Report) {
    let (jobs, waits) = (report.jobs(), report.waits());
    assert!(jobs.iter().map(|job| job.number()).eq(1..=jobs.len()));
    assert!(waits.iter().map(|wait| wait.number()).eq(1..=waits.len()));
    for job in jobs {
        let is_listed = match job.parent() {
            None => true,
            Some(Step::Job(number)) => (1..=jobs.len()).contains(&number),
            Some(Step::Wait(number)) => (1..=waits.len()).contains(&number),
            Some(_) => false,
        };
        assert!(is_listed, "{report}");
        let own = waits.iter().filter(|wait| wait.job() == Some(job.number()));
        assert!(
            job.state() != JobState::Parked || own.count() > 0,
            "{report}"
        );
        let is_taken = !matches!(job.state(), JobState::Queued | JobState::InBacklog);
        assert_eq!(job.worker().is_some(), is_taken, "{report}");
    }
    for worker in report.workers() {
        assert!(worker.jobs.iter().all(|job| (1..=jobs.len()).contains(job)));
    }
    let running = jobs.iter().filter(|job| job.state() == JobState::Running);
    assert!(running.count() <= report.workers().len(), "{report}");
}

/// Nests jobs, and submits one that nobody waits for.
fn nested(world: &World, depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let inner = world.clone();
    let below = world.run(move || nested(&inner, depth - 1));
    wait(below).map_or(0, |below| below.unwrap() + 1)
}

/// Takes reports of a pool while jobs nest.
fn run(threads: usize, blocked: usize) {
    let world = Size::of(threads, blocked).build();
    let callers = (0..2).map(|_| {
        let world = world.clone();
        shuttle::thread::spawn(move || {
            let inner = world.clone();
            assert!(wait_outside(world.start(move || nested(&inner, 2))) <= 2);
        })
    });
    let callers: Vec<_> = callers.collect();
    let observer = world.clone();
    let observer = shuttle::thread::spawn(move || {
        for _ in 0..4 {
            check(&observer.pool.report());
            shuttle::thread::yield_now();
        }
    });
    join_all(callers.into_iter().chain([observer]));
    let report = world.pool.report();
    check(&report);
    world.end();
}

#[test]
fn of_a_pool_that_adds_threads() {
    explore(|| run(2, 4));
}

/// The one added thread is not enough, so jobs are lent.
#[test]
fn of_a_pool_that_lends() {
    explore(|| run(1, 1));
}
