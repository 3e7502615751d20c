//! Checks the report of a wait that the pool has refused, at the end of a deep nest too.

mod common;

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{JobEntry, JobState, Parked, Pool, Report, Step, Waiting, park::Parker};
use common::{pool_with_blocked, wait};
use testkit::within;

/// The depth of a nest, and the room that it needs on the stack of its worker.
const DEPTH: usize = 3_000;
const STACK: usize = 1 << 30;

/// Waits in nested jobs, and returns the report of the innermost wait, which is refused.
fn nest(pool: &Pool, depth: usize) -> Report {
    if depth > 0 {
        let own = pool.clone();
        return wait(pool.run(move || nest(&own, depth - 1)));
    }
    let parker = Parker::new();
    let mut waiting = Waiting::open();
    while waiting.park(&parker, None) != Parked::Exhausted {}
    waiting.report()
}

/// Otherwise the time would grow with the third power of the depth, and the text would
/// overflow the stack of the worker that panics with it.
#[test]
fn the_report_of_a_deep_nest_is_made_and_written_in_little_room() {
    within(|| {
        let builder = Pool::builder().max_threads(1).max_blocked_threads(1);
        let pool: Pool = builder.stack_size(STACK).build().unwrap();
        let own = pool.clone();
        let report = wait(pool.run(move || nest(&own, DEPTH)));
        assert_eq!(report.jobs().len(), DEPTH + 1);
        assert_eq!(report.waits().len(), DEPTH + 1);
        for (job, wait) in report
            .jobs()
            .iter()
            .filter_map(|job| Some((job, job.parent()?)))
        {
            assert!(matches!(wait, Step::Wait(_)), "{job:?}");
        }
        let small = thread::Builder::new().stack_size(512 * 1024);
        let text = small.spawn(move || report.to_string()).unwrap();
        let text = text.join().unwrap();
        assert_eq!(text.lines().count(), 34, "{text}");
        let levels = 2 * (DEPTH + 1) - 32;
        assert!(
            text.ends_with(&format!("└─ … and {levels} levels more")),
            "{text}"
        );
    });
}

/// The pool refuses the wait, whose future is woken just then. So the wait goes on, and a
/// later report must show a later moment.
#[test]
fn a_wait_that_goes_on_forgets_the_moment_of_its_refusal() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let own = pool.clone();
        let states = wait(pool.run(move || {
            wait(own.run(|| {
                let parker = Parker::new();
                let mut waiting = Waiting::open();
                assert_ne!(waiting.park(&parker, None), Parked::Exhausted);
                parker.unparker().unpark();
                assert_eq!(waiting.park(&parker, None), Parked::Woken);
                let report = waiting.report();
                // The refusal is forgotten too, so the wait parks.
                let soon = Some(Instant::now() + Duration::from_millis(1));
                assert_ne!(waiting.park(&parker, soon), Parked::Exhausted);
                report
                    .jobs()
                    .iter()
                    .map(JobEntry::state)
                    .collect::<Vec<_>>()
            }))
        }));
        assert_eq!(states, [JobState::Parked, JobState::Running]);
    });
}

/// A lent job is on its worker's stack before it begins. Nothing but a number of hours
/// could be read from the clock of such a job.
#[test]
fn a_lent_job_that_has_not_begun_has_no_age() {
    within(|| {
        for timings in [false, true] {
            let builder = Pool::builder().max_threads(1).max_blocked_threads(1);
            let pool: Pool = builder.timings(timings).build().unwrap();
            let own = pool.clone();
            let ages = wait(pool.run(move || {
                let (open, gate) = mpsc::channel::<()>();
                let blocks = own.run(move || gate.recv().is_err()).start();
                let lent = own.run(|| ()).start();
                let parker = Parker::new();
                let mut waiting = Waiting::open();
                while waiting.park(&parker, None) != Parked::Lent {}
                let report = own.report();
                let ages: Vec<_> = report.jobs().iter().map(JobEntry::age).collect();
                drop(open);
                assert!(waiting.run_lent());
                wait(lent);
                assert!(wait(blocks));
                ages
            }));
            let [outer, lent, blocks] = ages[..] else {
                panic!("{ages:?}")
            };
            assert!(outer < Some(Duration::from_mins(1)) && outer.is_some());
            assert_eq!(lent, None);
            assert!(blocks < Some(Duration::from_mins(1)) && blocks.is_some());
        }
    });
}
