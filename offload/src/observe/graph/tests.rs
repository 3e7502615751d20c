//! A report shows the moment of its copy, although the program goes on meanwhile.

use std::sync::{Arc, mpsc};

use testkit::within;

use crate::{JobState, Pool, Step, Waiting, worker::this_worker::Worker};

/// Otherwise the job seems to be submitted outside a wait. Then the report warns of a circle
/// that nobody is in.
#[test]
fn a_wait_that_ends_behind_the_copy_is_above_its_job() {
    within(|| {
        let pool: Pool = Pool::builder().max_threads(1).build().unwrap();
        let (open, is_open) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let (over, is_over) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let inner = pool.clone();
        let outer = pool.run(move || {
            let waiting = Waiting::open();
            let queued = inner.run(|| ()).start();
            let worker = Worker::current().expect("this is a job");
            open.send(Arc::clone(&worker.core)).unwrap();
            let _ended = ends.recv();
            drop(waiting);
            over.send(()).unwrap();
            let _released = held.recv();
            drop(queued);
        });
        let outer = outer.start();
        let core = is_open.recv().unwrap();
        let copy = core.state().snapshot();
        drop(end);
        is_over.recv().unwrap();
        let report = core.report_of(copy);
        let [running, queued] = report.jobs() else {
            panic!("two jobs: {report}")
        };
        assert_eq!(running.state(), JobState::Running);
        assert_eq!(queued.state(), JobState::Queued);
        assert_eq!(queued.parent(), Some(Step::Wait(1)), "{report}");
        assert_eq!(report.cycle(), None, "{report}");
        drop(release);
        pollster::block_on(outer);
    });
}
