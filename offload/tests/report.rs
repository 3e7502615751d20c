//! Checks the report of a pool: which workers, jobs and waits it lists, and who waits for
//! whom.

mod common;

use std::{
    sync::{Arc, Barrier, mpsc},
    thread,
    time::Duration,
};

use bridge_offload::{JobEntry, JobState, Lineage, Offload, Pool, Report, Step, WorkerState};
use common::{eventually, plug, pool, pool_with_a_slow_second_start, pool_with_blocked, wait};
use futures::{channel::oneshot, future::select};
use testkit::within;

/// Returns the state of each job, in the order of the report.
fn states(report: &Report) -> Vec<JobState> {
    report.jobs().iter().map(JobEntry::state).collect()
}

/// Waits until the pool has this number of parked jobs.
fn parked(pool: &Pool, count: usize) {
    eventually("parked", || pool.metrics().blocked == count);
}

#[test]
fn an_idle_pool_has_nothing_to_report() {
    within(|| {
        let pool = pool(2, 8);
        let report = pool.report();
        assert!(report.workers().is_empty() && report.jobs().is_empty());
        wait(pool.run(|| ()));
        eventually("idle", || pool.report().jobs().is_empty());
        let report = pool.report();
        let workers: Vec<_> = report.workers().iter().map(|worker| worker.state).collect();
        assert_eq!(workers, [WorkerState::Idle]);
        assert_eq!(report.cycle(), None);
        assert_eq!(
            report.to_string(),
            "pool: 0 running, 0 parked, 0 queued; 2 of 2 permits free\n└─ 1 worker is idle"
        );
    });
}

#[test]
fn it_tells_running_queued_and_waiting_for_room_apart() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, open) = plug(&pool);
        let line = line!() + 1;
        let queued = pool.run(|| ()).start();
        let in_backlog = pool.run(|| ()).start();
        let report = pool.report();
        assert_eq!(
            states(&report),
            [JobState::Running, JobState::Queued, JobState::InBacklog]
        );
        let [running, queued_entry, _] = report.jobs() else {
            unreachable!("three jobs have a state")
        };
        assert_eq!(running.worker(), Some(1));
        assert_eq!(report.workers()[0].jobs, [running.number()]);
        assert!(running.age().is_some() && queued_entry.age().is_none());
        assert_eq!(queued_entry.at().file(), file!());
        assert_eq!(queued_entry.at().line(), line);
        assert_eq!(queued_entry.parent(), None);
        assert!(!queued_entry.is_cancelled() && !queued_entry.is_detached());
        queued.detach();
        assert!(pool.report().jobs()[1].is_detached());
        drop(open);
        wait(plugged);
        wait(in_backlog);
    });
}

/// Nobody reads the clock at a submission otherwise.
#[test]
fn a_queued_job_has_an_age_if_the_pool_measures_its_jobs() {
    within(|| {
        let builder = Pool::builder().max_threads(1).timings(true);
        let pool = builder.build().unwrap();
        let (plugged, open) = plug(&pool);
        let queued = pool.run(|| ()).start();
        thread::sleep(Duration::from_millis(20));
        let age = pool.report().jobs()[1].age();
        assert!(age >= Some(Duration::from_millis(20)), "{age:?}");
        drop(open);
        wait(plugged);
        wait(queued);
    });
}

#[test]
fn queued_jobs_of_one_place_share_a_line() {
    within(|| {
        let pool = pool(1, 64);
        let (plugged, open) = plug(&pool);
        let jobs: Vec<_> = (0..12).map(|_| pool.run(|| ()).start()).collect();
        let text = pool.report().to_string();
        assert!(
            text.contains("jobs 2 to 13, queued, offloaded at"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 3, "{text}");
        drop(open);
        wait(plugged);
        jobs.into_iter().for_each(wait);
    });
}

/// A job waits for a job that it has submitted in the wait, and that blocks.
#[test]
fn a_job_stands_below_the_wait_that_submitted_it() {
    within(|| {
        let pool = pool(2, 8);
        let (open, gate) = mpsc::channel::<()>();
        let own = pool.clone();
        let line = line!() + 2;
        let outer = pool.run(move || {
            wait(async move {
                let inner = own.run(move || gate.recv().is_err());
                inner.await
            })
        });
        let outer = outer.start();
        parked(&pool, 1);
        eventually("running", || pool.metrics().running == 1);
        let report = pool.report();
        let (jobs, waits) = (report.jobs(), report.waits());
        let by = |state| jobs.iter().find(|job| job.state() == state).unwrap();
        let (above, below) = (by(JobState::Parked), by(JobState::Running));
        assert_eq!(waits.len(), 1, "{report}");
        assert_eq!(waits[0].job(), Some(above.number()));
        assert!(waits[0].age().is_some());
        assert_eq!(below.parent(), Some(Step::Wait(waits[0].number())));
        assert_eq!(above.parent(), None);
        assert_eq!(above.at().line(), line - 1);
        let text = report.to_string();
        assert!(
            text.starts_with("pool: 1 running, 1 parked, 0 queued; 1 of 2 permits free\n"),
            "{text}"
        );
        let depths: Vec<_> = text.lines().map(|line| line.find('─')).collect();
        assert_eq!(depths.len(), 4, "{text}");
        assert!(depths[1] < depths[2] && depths[2] < depths[3], "{text}");
        drop(open);
        assert!(wait(outer));
    });
}

/// The wait polls for a job that somebody else has submitted.
#[test]
fn a_job_stands_below_the_wait_that_polls_for_it() {
    within(|| {
        let pool = pool(2, 8);
        let (open, gate) = mpsc::channel::<()>();
        let other = pool.run(move || gate.recv().is_err()).start();
        let outer = pool.run(move || wait(other)).start();
        parked(&pool, 1);
        let report = pool.report();
        let below = report.jobs().iter().find(|job| job.parent().is_some());
        assert_eq!(below.unwrap().parent(), Some(Step::Wait(1)), "{report}");
        assert_eq!(report.cycle(), None);
        drop(open);
        assert!(wait(outer));
    });
}

/// Runs two jobs in these pools that wait for each other, until the senders are dropped.
fn circle(first: &Pool, second: &Pool) -> [oneshot::Sender<()>; 2] {
    let waits_for_other = |pool: &Pool| {
        let (give, take) = mpsc::channel::<Offload<()>>();
        let (end, ended) = oneshot::channel();
        let job = move || {
            let other = take.recv().unwrap();
            let _ended = wait(select(other, ended));
        };
        (pool.run(job).start(), give, end)
    };
    let (one, give_one, end_one) = waits_for_other(first);
    let (two, give_two, end_two) = waits_for_other(second);
    give_one.send(two).unwrap();
    give_two.send(one).unwrap();
    [end_one, end_two]
}

fn is_circle(report: &Report) -> bool {
    let Some(cycle) = report.cycle() else {
        return false;
    };
    let jobs = cycle.steps().iter().filter(|s| matches!(s, Step::Job(_)));
    cycle.is_certain() && jobs.count() == 2 && cycle.steps().len() == 4
}

#[test]
fn two_jobs_that_wait_for_each_other_are_named_as_a_circle() {
    within(|| {
        let pool = pool_with_blocked(2, 8);
        let _until = circle(&pool, &pool);
        eventually("a circle", || is_circle(&pool.report()));
        let text = pool.report().to_string();
        assert!(text.contains("these wait for each other: job"), "{text}");
    });
}

/// Each pool's report follows the wait into the other pool.
#[test]
fn a_circle_through_two_pools_is_named_by_both() {
    within(|| {
        let builder = |name| Pool::builder().name(name).max_threads(1).build().unwrap();
        let (first, second): (Pool, Pool) = (builder("first"), builder("second"));
        let _until = circle(&first, &second);
        for (pool, other) in [(&first, "`second`"), (&second, "`first`")] {
            eventually("a circle", || is_circle(&pool.report()));
            let report = pool.report();
            let foreign = report.jobs().iter().filter(|job| job.is_foreign());
            assert_eq!(foreign.count(), 1, "{report}");
            assert!(report.to_string().contains(other), "{report}");
        }
    });
}

/// Runs jobs that each submit a job and then block, until the senders are dropped. No job
/// submits before all of them run.
fn hold_permits(pool: &Pool, jobs: usize) -> (Vec<Offload<Offload<()>>>, Vec<mpsc::Sender<()>>) {
    let barrier = Arc::new(Barrier::new(jobs));
    let (ready, all_ready) = mpsc::channel();
    let hold = || {
        let (own, ready, barrier) = (pool.clone(), ready.clone(), Arc::clone(&barrier));
        let (open, gate) = mpsc::channel::<()>();
        let job = move || {
            barrier.wait();
            let below = own.run(|| ()).start();
            ready.send(()).unwrap();
            let _open = gate.recv();
            below
        };
        (pool.run(job).start(), open)
    };
    let jobs_and_gates = (0..jobs).map(|_| hold()).unzip();
    all_ready.iter().take(jobs).for_each(drop);
    jobs_and_gates
}

/// The jobs block on a channel, so the pool sees only that they have taken the permits.
#[test]
fn jobs_that_hold_every_permit_above_queued_descendants_are_named() {
    within(|| {
        // With room for one job, the other descendant is in the backlog.
        for capacity in [8, 1] {
            let pool = pool(2, capacity);
            let (jobs, open) = hold_permits(&pool, 2);
            let report = pool.report();
            let cycle = report.cycle().expect("a circle");
            assert!(!cycle.is_certain());
            // Each step waits for the next, and so a running job is the first.
            let [Step::Job(above), Step::Job(below), Step::Permit] = *cycle.steps() else {
                panic!("{report}")
            };
            let state = |number: usize| report.jobs()[number - 1].state();
            assert_eq!(state(above), JobState::Running, "{report}");
            assert_ne!(state(below), JobState::Running, "{report}");
            assert!(report.to_string().contains("→ a permit → job"), "{report}");
            drop(open);
            for job in jobs {
                wait(wait(job));
            }
        }
    });
}

/// That job may end by itself.
#[test]
fn a_running_job_without_a_queued_descendant_is_in_no_circle() {
    within(|| {
        let pool = pool(2, 8);
        let (own, (begun, has_begun)) = (pool.clone(), mpsc::channel());
        let (submit, may_submit) = mpsc::channel::<()>();
        let (submitted, has_submitted) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let job = pool.run(move || {
            begun.send(()).unwrap();
            let _told = may_submit.recv();
            let below = own.run(|| ()).start();
            submitted.send(()).unwrap();
            let _open = gate.recv();
            below
        });
        let job = job.start();
        has_begun.recv().unwrap();
        // The other job begins last. So a look at the first job alone would find a circle.
        let (plugged, open_plug) = plug(&pool);
        drop(submit);
        has_submitted.recv().unwrap();
        let report = pool.report();
        assert_eq!(report.metrics().queued, 1);
        assert_eq!(report.cycle(), None, "{report}");
        drop((open, open_plug));
        wait(plugged);
        wait(wait(job));
    });
}

/// A task that carries the lineage stands between the wait and the job.
#[test]
fn the_lineage_leads_through_threads() {
    within(|| {
        let pool = pool(2, 8);
        let (open, gate) = mpsc::channel::<()>();
        let own = pool.clone();
        let outer = pool.run(move || {
            wait(async move {
                let below = Lineage::current().scope(async move {
                    let inner = own.run(move || gate.recv().is_err());
                    inner.await
                });
                let (give, take) = oneshot::channel();
                thread::spawn(move || give.send(pollster::block_on(below)).unwrap());
                take.await.unwrap()
            })
        });
        let outer = outer.start();
        parked(&pool, 1);
        eventually("running", || pool.metrics().running == 1);
        let report = pool.report();
        let below = report.jobs().iter().find(|job| job.parent().is_some());
        assert_eq!(below.unwrap().parent(), Some(Step::Wait(1)), "{report}");
        drop(open);
        assert!(wait(outer));
    });
}

#[test]
fn a_shutdown_that_runs_out_of_time_has_a_report() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, open) = plug(&pool);
        let queued = pool.run(|| ()).start();
        let shutdown = pool.shutdown(Duration::from_millis(1)).wait();
        let report = shutdown.report.expect("time ran out");
        assert_eq!(states(&report), [JobState::Running, JobState::Queued]);
        assert!(!report.jobs()[1].is_cancelled(), "it was not told before");
        drop(open);
        drop((plugged, queued));
        let in_time = Pool::new().shutdown(Duration::from_mins(1)).wait();
        assert_eq!(in_time.report, None);
    });
}

/// The report is taken while a worker is about to take the queued job.
#[test]
fn a_job_above_a_queued_one_is_in_no_circle_while_a_permit_is_free() {
    within(|| {
        // The second worker is held up by its start hook, so the job stays queued.
        let (pool, release) = pool_with_a_slow_second_start(2);
        let (jobs, open) = hold_permits(&pool, 1);
        let report = pool.report();
        assert_eq!(report.metrics().queued, 1, "{report}");
        assert_eq!(report.cycle(), None, "{report}");
        drop((release, open));
        for job in jobs {
            wait(wait(job));
        }
    });
}

/// The wait gives the permit back when it parks. Here its poll blocks for a moment.
#[test]
fn a_job_that_polls_in_a_wait_is_in_no_circle() {
    within(|| {
        let pool = pool(1, 8);
        let (open, gate) = mpsc::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let own = pool.clone();
        let outer = pool.run(move || {
            wait(async move {
                let below = own.run(|| ()).start();
                ready.send(()).unwrap();
                let _open = gate.recv();
                below.await;
            });
        });
        let outer = outer.start();
        is_ready.recv().unwrap();
        let report = pool.report();
        assert_eq!(states(&report), [JobState::Running, JobState::Queued]);
        assert_eq!(report.waits()[0].age(), None, "{report}");
        assert_eq!(report.cycle(), None, "{report}");
        drop(open);
        wait(outer);
    });
}
