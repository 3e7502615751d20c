//! Reports and timings that are taken amid nesting, callers that leave and shutdowns. No
//! reading hangs, no report shows a job twice, and each job that ran is measured once.

use std::{collections::HashSet, panic::Location, time::Duration};

use bridge_offload::{Offload, Report};
use shuttle::{
    rand::{Rng, thread_rng},
    thread,
};

use crate::{
    reporting::check_links,
    runner::explore,
    world::{LONG, Size, World, join_all, try_wait},
};

type Body = Box<dyn FnOnce() + Send>;

/// Starts a job. Each of these has a line of its own, which names the job in a report. So
/// each starts one job of an execution.
const LINES: [fn(&World, Body) -> Offload<()>; 6] = [
    |world, body| started(world, body, |world, body| world.pool.run(body)),
    |world, body| started(world, body, |world, body| world.pool.run(body)),
    |world, body| started(world, body, |world, body| world.pool.run(body)),
    |world, body| started(world, body, |world, body| world.pool.run(body)),
    |world, body| started(world, body, |world, body| world.pool.run(body)),
    |world, body| started(world, body, |world, body| world.pool.run(body)),
];

fn started(world: &World, body: Body, run: fn(&World, Body) -> Offload<()>) -> Offload<()> {
    world.submits();
    run(world, Box::new(world.counted(body))).start()
}

/// Checks a report that may be of any moment.
fn check(report: &Report) {
    check_links(report);
    let places: Vec<&Location<'_>> = report.jobs().iter().map(|job| job.at()).collect();
    let distinct: HashSet<_> = places.iter().map(|at| (at.line(), at.column())).collect();
    assert_eq!(
        distinct.len(),
        places.len(),
        "a job is shown twice: {report}"
    );
    assert!(places.len() <= LINES.len(), "{report}");
}

/// Returns how many jobs were measured: in the queue, and on a worker.
fn counts(world: &World) -> [u64; 2] {
    let metrics = world.metrics();
    let timings = metrics.queued_for.zip(metrics.ran_for);
    let (queued, ran) = timings.expect("timings are on");
    for timing in [queued, ran] {
        let percentiles = [timing.p50, timing.p90, timing.p99, timing.p999, timing.max];
        assert!(percentiles.is_sorted(), "{timing:?}");
        assert!(timing.mean <= timing.max, "{timing:?}");
    }
    [queued.count, ran.count]
}

/// Takes reports and timings, and checks that the counts never go down.
fn observe(world: &World) {
    let mut before = [0; 2];
    for _ in 0..4 {
        check(&world.pool.report());
        let now = counts(world);
        let grow = before.iter().zip(&now).all(|(before, now)| before <= now);
        assert!(grow, "from {before:?} to {now:?}");
        assert!(now[1] <= LINES.len() as u64, "more than were submitted");
        before = now;
    }
}

/// Leaves a job in one of the ways that a caller has.
fn leave(job: Offload<()>) {
    match thread_rng().gen_range(0..4) {
        0 => drop(job),
        1 => job.detach(),
        2 => {
            let _whatever_it_met = job.cancel();
        }
        _ => {
            let _value_or_refused = try_wait(job.outcome());
        }
    }
}

/// Submits a job that leaves one job and waits for another, and leaves it.
fn call([outer, inner, beside]: [fn(&World, Body) -> Offload<()>; 3], world: &World) {
    let own = world.clone();
    let nested = Box::new(move || {
        leave(beside(&own, Box::new(thread::yield_now)));
        let _value_or_refused = try_wait(inner(&own, Box::new(|| ())).outcome());
    });
    leave(outer(world, nested));
}

/// Runs callers and an observer beside each other, and `end` beside both.
fn run(size: Size, end: fn(&World)) {
    let world = Size {
        timings: true,
        may_stall: true,
        ..size
    }
    .build();
    let [a, b, c, d, e, f] = LINES;
    let callers = [[a, b, c], [d, e, f]].map(|lines| {
        let world = world.clone();
        thread::spawn(move || call(lines, &world))
    });
    let observer = world.clone();
    let observer = thread::spawn(move || observe(&observer));
    end(&world);
    join_all(callers.into_iter().chain([observer]));
    let _report = world.pool.shutdown(LONG).wait();
    world.balance();
    let (metrics, report) = (world.metrics(), world.pool.report());
    let ran = metrics.completed + metrics.panicked;
    assert_eq!(counts(&world), [ran; 2], "{metrics:?}");
    assert_eq!(report.jobs().len() + report.waits().len(), 0, "{report}");
}

/// Otherwise a report hangs, or shows a job that a worker has just taken in two places.
#[test]
fn amid_callers_that_leave() {
    explore(|| run(Size::of(2, 2), |_world| ()));
}

/// The one added thread is not enough, so jobs are lent and given back.
#[test]
fn amid_jobs_that_are_lent() {
    explore(|| run(Size::of(1, 1), |_world| ()));
}

/// Otherwise a report of a pool that ends hangs, or counts a job that never ran.
#[test]
fn amid_a_shutdown() {
    let end = |world: &World| {
        let graces = [Duration::ZERO, Duration::from_millis(1), LONG];
        let grace = graces[thread_rng().gen_range(0..graces.len())];
        let report = world.pool.shutdown(grace).wait();
        if let Some(report) = report.report {
            check(&report);
        }
    };
    explore(move || run(Size::of(2, 1), end));
}

/// The next worker of a stack goes on with the counts of the worker before.
#[test]
fn amid_threads_that_end() {
    let size = Size {
        keep_alive: Duration::from_nanos(1),
        ..Size::of(2, 1)
    };
    explore(move || run(size, |_world| ()));
}
