//! A burst of 10 000 instant jobs does not start `max_threads` threads.

use crate::prelude::*;

pub(crate) const PEERS: &str =
    "`spawn_blocking` and `unblock` start 41 to 174 threads for such a burst.";

pub(crate) fn run() {
    let burst = || {
        let bridge = Bridge::builder().queue_capacity(16_384).build().unwrap();
        let jobs: Vec<_> = (0..10_000).map(|_| bridge.offload(|| ()).start()).collect();
        wait(join_all(jobs));
        let metrics = bridge.metrics();
        assert_eq!(metrics.completed, 10_000);
        metrics.peak_threads
    };
    // A pool without hysteresis starts all 32 threads each time. A thread that a busy
    // machine does not let run is no instant job, so a single burst decides nothing.
    let threads: Vec<_> = (0..10).map(|_| burst()).collect();
    println!("threads in each of ten bursts: {threads:?}");
    assert!(threads.iter().any(|threads| *threads < 32), "{threads:?}");
}
