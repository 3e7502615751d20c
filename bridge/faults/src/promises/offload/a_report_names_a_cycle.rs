//! A report names the jobs that wait for each other in a circle, and no circle where there is
//! none.

use bridge::{Offload, report::Step};
use futures::future::select;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

/// The jobs and waits of the circle that a report of this bridge names.
fn circle(bridge: &Bridge) -> Option<Vec<Step>> {
    let report = bridge.report();
    report.cycle().map(|cycle| cycle.steps().to_vec())
}

pub(crate) fn run() {
    let bridge = bridge_of(2, 2);
    let waits_for_other = |own: Bridge| {
        let (give, take) = mpsc::channel::<Offload<()>>();
        let (end, ended) = oneshot::channel::<()>();
        let job = move || {
            let other = take.recv().unwrap();
            drop(own.wait(select(other, ended)));
        };
        (bridge.offload(job).start(), give, end)
    };
    let (one, give_one, end_one) = waits_for_other(bridge.clone());
    let (two, give_two, end_two) = waits_for_other(bridge.clone());
    assert_eq!(circle(&bridge), None, "none waits yet");
    give_one.send(two).unwrap();
    give_two.send(one).unwrap();
    eventually("a circle of two jobs and two waits", || {
        circle(&bridge).is_some_and(|steps| {
            let jobs = steps.iter().filter(|step| matches!(step, Step::Job(_)));
            (jobs.count(), steps.len()) == (2, 4)
        })
    });
    let text = bridge.report().to_string();
    assert!(text.contains("these wait for each other"), "{text}");
    drop((end_one, end_two));
    eventually("the jobs have ended", || {
        bridge.metrics().completed + bridge.metrics().cancelled == 2
    });
    assert_eq!(circle(&bridge), None, "both have ended");
}
