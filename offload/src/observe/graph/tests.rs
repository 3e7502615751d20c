//! A report shows the moment of its copy, although the program goes on meanwhile.

use std::{
    panic::Location,
    sync::{Arc, mpsc},
};

use testkit::within;

use crate::{
    Bare, Config, JobEntry, JobState, Lineage, Pool, Step, Waiting, WorkerState,
    core::Core,
    job::{Job, runnable::Submitted},
    schedule::queue::Lane,
    thread::park::{Parker, Unparker},
    worker::this_worker::Worker,
};

/// Parks a worker of a pool with one permit and no other worker. Its wait ends with a token.
fn parked(pool: &Pool) -> (Arc<Core>, Lineage, Unparker) {
    let (tell, told) = mpsc::channel();
    let outer = pool.run(move || {
        let parker = Parker::new();
        let mut waiting = Waiting::open();
        let worker = Worker::current().expect("this is a job");
        let core = Arc::clone(&worker.core);
        tell.send((core, Lineage::current(), parker.unparker().clone()))
            .unwrap();
        while !matches!(waiting.park(&parker, None), crate::Parked::Woken) {
            let _was_lent = waiting.run_lent();
        }
    });
    outer.detach();
    told.recv().unwrap()
}

/// Otherwise the report says that a worker is parked which is about to run the job that it was
/// lent, and that the lent job is parked.
#[test]
fn a_worker_that_was_lent_a_job_is_not_parked() {
    within(|| {
        let builder = Pool::builder().max_threads(1).max_blocked_threads(1);
        let pool: Pool = builder.build().unwrap();
        let (core, lineage, end) = parked(&pool);
        // The only other worker blocks, so the next descendant is lent.
        let (open, gate) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = move || {
            start.send(()).unwrap();
            let _open = gate.recv();
        };
        let mut blocks = None;
        let submit = async { blocks = Some(pool.run(job).start()) };
        pollster::block_on(lineage.clone().scope(submit));
        started.recv().unwrap();
        let (job, _) = Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        let mut state = core.state();
        let (_, action) = state.push(Submitted { job, lineage }, Lane::Descendants);
        let copy = state.snapshot();
        core.release(state);
        // The worker runs the job as soon as it is woken.
        let report = core.report_of(copy);
        core.perform(action);
        let states: Vec<_> = report.jobs().iter().map(JobEntry::state).collect();
        let expected = [JobState::Lending, JobState::Running, JobState::Running];
        assert_eq!(states, expected, "{report}");
        assert_eq!(report.workers()[0].state, WorkerState::Running);
        assert_eq!(report.waits()[0].age(), None, "{report}");
        drop(open);
        pollster::block_on(blocks.unwrap());
        end.unpark();
    });
}

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
