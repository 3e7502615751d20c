//! Where no thread can be added, a parked job runs queued descendants of its own wait,
//! on its own thread.

use crate::kit::nest::descend;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    assert_eq!(descend(&bridge, 100).unwrap(), 100);
    let metrics = bridge.metrics();
    // A hundred jobs were open at once, on two threads.
    assert_eq!(metrics.peak_threads, 2, "{metrics:?}");
}
