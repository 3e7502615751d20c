//! `cancel` withdraws a queued job or tells a running one, and returns which of the two
//! it did.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (start, started) = mpsc::channel();
    let running = bridge.offload(move || {
        start.send(()).unwrap();
        while !cancelled() {
            thread::yield_now();
        }
        "early"
    });
    let running = running.start();
    started.recv().unwrap();
    let queued = bridge.offload(|| unreachable!("it is withdrawn")).start();
    assert_eq!(queued.cancel(), Cancelled::Withdrawn);
    let outcome: Result<(), _> = wait(queued.outcome());
    assert!(
        matches!(outcome, Err(OffloadError::Cancelled { .. })),
        "{outcome:?}"
    );
    assert_eq!(running.cancel(), Cancelled::Running);
    eventually("the job has ended", || bridge.metrics().completed == 1);
    assert_eq!(running.cancel(), Cancelled::Finished);
    assert_eq!(wait(running), "early");
}
