//! On a pool with one permit, sync code in async code in sync code nests to any depth.

use crate::kit::nest::descend;

use crate::prelude::*;

pub(crate) const PEERS: &str = "`spawn_blocking` with `Handle::block_on`, `unblock` with `block_on`, anyio, asyncer, and \
     asgiref with an executor of its own hang at depth 1.";

pub(crate) fn run() {
    for (threads, blocked) in [(1, 64), (1, 1), (2, 1), (3, 2)] {
        for depth in [1, 2, 8, 64, 200] {
            let bridge = bridge_of(threads, blocked);
            assert_eq!(descend(&bridge, depth).unwrap(), depth);
            let metrics = bridge.metrics();
            assert!(metrics.peak_threads <= threads + blocked, "{metrics:?}");
        }
    }
}
