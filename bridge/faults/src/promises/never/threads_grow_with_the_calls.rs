//! The number of threads does not grow with the number of calls.

use crate::kit::calls;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(2, 2);
    calls::each_kind(&bridge, 300);
    for kind in calls::KINDS {
        (0..1_000).for_each(|_| (kind.1)(&bridge));
        // The main thread, the kill timer, two workers of each home, two threads
        // and two for parked jobs.
        let threads = process::threads();
        let metrics = bridge.metrics();
        assert!(metrics.threads <= 4, "{}: {metrics:?}", kind.0);
        assert!(threads <= 2 + 4 + 4, "{}: {threads} threads", kind.0);
    }
}
