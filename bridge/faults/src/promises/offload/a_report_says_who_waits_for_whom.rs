//! A report lists each worker, job and wait with its place, and says who waits for whom.

use bridge::report::{JobEntry, JobState, Step};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (open, gate) = mpsc::channel::<()>();
    let own = bridge.clone();
    let line = line!() + 1;
    let outer = bridge.offload(move || own.wait(own.offload(move || gate.recv().is_err())));
    let outer = outer.start();
    let states = |states: &[JobState]| {
        let report = bridge.report();
        report
            .jobs()
            .iter()
            .map(JobEntry::state)
            .eq(states.iter().copied())
    };
    eventually("running below a wait", || {
        states(&[JobState::Parked, JobState::Running])
    });
    let report = bridge.report();
    assert_eq!(report.workers().len(), 2, "{report}");
    let [above, below] = report.jobs() else {
        panic!("two jobs: {report}")
    };
    let [wait] = report.waits() else {
        panic!("one wait: {report}")
    };
    assert_eq!(wait.job(), Some(above.number()), "{report}");
    assert_eq!(below.parent(), Some(Step::Wait(wait.number())), "{report}");
    let places = [Some(above.at()), wait.at(), Some(below.at())];
    for place in places {
        let place = place.expect("each has a place");
        assert_eq!((place.file(), place.line()), (file!(), line), "{report}");
    }
    drop(open);
    assert!(multi_thread(1).block_on(outer));
}
