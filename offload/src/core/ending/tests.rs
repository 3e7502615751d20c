//! Checks the steps of a shutdown one by one.

use std::sync::mpsc;

use testkit::within;

use super::*;
use crate::{
    Builder, Pool, Waiting, core::tests::survives_what_hooks_hold, job::running,
    worker::this_worker::Worker,
};

/// Returns the cancel grace of a shutdown with a grace of ten seconds.
fn cancel_grace(builder: Builder) -> Duration {
    let pool = builder.build().unwrap();
    let begin = || Worker::current().unwrap().core.begin_end(10 * SECOND);
    pollster::block_on(pool.run(begin)).cancel_grace
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn jobs_that_are_told_to_stop_have_a_tenth_of_the_grace() {
    within(|| {
        assert_eq!(cancel_grace(Pool::builder()), SECOND);
        let set = Pool::builder().cancel_grace(7 * SECOND);
        assert_eq!(cancel_grace(set), 7 * SECOND);
    });
}

/// Otherwise a job that awaits the shutdown of its own pool hangs, if the system has no
/// thread that could wait for the end.
#[test]
fn a_shutdown_without_a_thread_is_over_for_the_job_that_awaits_it() {
    within(|| {
        let pool = Pool::new();
        let job = pool.run(|| {
            let _waiting = Waiting::open();
            let core = Worker::current().unwrap().core;
            core.begin_end(Duration::MAX).is_over(&core)
        });
        assert!(pollster::block_on(job));
    });
}

/// Otherwise a report names a job as running whose caller has got the result.
#[test]
fn a_job_that_ends_just_before_its_caller_is_told_has_ended() {
    within(|| {
        let pool = Pool::new();
        let this = || (Worker::current().unwrap().core, running::job().unwrap());
        let (core, job) = pollster::block_on(pool.run(this));
        let mut report = Shutdown::default();
        tell_left(&core, &[job], &mut report);
        assert_eq!((report.cancelled, report.running.len()), (1, 0));
    });
}

/// Otherwise the report counts that job as abandoned, although its caller does not want it.
#[test]
fn a_job_withdrawn_as_its_caller_is_told_was_not_abandoned() {
    within(|| {
        let pool: Pool = Pool::builder().max_threads(1).build().unwrap();
        let (tell, told) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let running = pool.run(move || {
            tell.send(Worker::current().unwrap().core).unwrap();
            let _open = gate.recv();
        });
        let running = running.start();
        let core = told.recv().unwrap();
        let [kept, withdrawn] = [(); 2].map(|()| pool.run(|| ()).start());
        let mut drained = core.drain(&core.begin_end(Duration::ZERO), None);
        drop(withdrawn);
        settle(drained.tell_abandoned(&core));
        assert_eq!(drained.report.abandoned, 1);
        assert_eq!(pool.metrics().cancelled, 2);
        drop(open);
        pollster::block_on(running);
        assert!(pollster::block_on(kept.outcome()).is_err());
    });
}

/// Otherwise such a panic reaches whoever shuts the pool down, and no caller is told.
#[test]
fn the_report_of_a_shutdown_survives_what_the_hooks_of_another_pool_hold() {
    survives_what_hooks_hold(|core, snapshot| {
        let mut drained = Drained {
            late: Some(snapshot),
            ..Drained::default()
        };
        drained.make_report(core);
    });
}
