//! A deadline ends the wait of a job that is parked, and its permit comes back.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 8);
    let inner = bridge.clone();
    let outcome = wait(
        bridge.offload(move || inner.wait_timeout(pending::<()>(), Duration::from_millis(10))),
    );
    is_timed_out(&outcome);
    assert_eq!(bridge.metrics().blocked, 0);
    assert_eq!(wait(bridge.offload(|| 7)), 7);
}
