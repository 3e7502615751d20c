//! When its grace is over, a shutdown tells running jobs to stop, and the callers of
//! those that do get their results.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = Bridge::builder()
        .max_threads(2)
        .cancel_grace(Duration::from_secs(30))
        .build()
        .unwrap();
    let polite = || {
        while !cancelled() {
            thread::sleep(Duration::from_millis(1));
        }
        7
    };
    let jobs: Vec<_> = (0..2).map(|_| bridge.offload(polite).start()).collect();
    eventually("both run", || bridge.metrics().running == 2);
    let queued = bridge.offload(|| ()).start();
    let report = bridge.shutdown(Duration::from_millis(20)).wait();
    assert_eq!(
        (report.completed, report.cancelled, report.abandoned),
        (0, 2, 1)
    );
    assert!(report.running.is_empty());
    let block_on = |job| multi_thread(1).block_on(job);
    for job in jobs {
        assert_eq!(block_on(job), 7);
    }
    let outcome = multi_thread(1).block_on(queued.outcome());
    assert!(
        matches!(outcome, Err(OffloadError::ShutDown { .. })),
        "{outcome:?}"
    );
}
