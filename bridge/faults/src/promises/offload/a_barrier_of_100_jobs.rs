//! A pool whose size nobody set runs a barrier of 100 jobs.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`spawn_blocking` finishes.";

pub(crate) fn run() {
    let bridge = default_bridge();
    let together = Arc::new(Barrier::new(100));
    let jobs = (0..100).map(|_| {
        let together = Arc::clone(&together);
        bridge.offload(move || together.wait().is_leader())
    });
    let leaders = wait(join_all(jobs)).into_iter().filter(|leads| *leads);
    assert_eq!(leaders.count(), 1);
}
