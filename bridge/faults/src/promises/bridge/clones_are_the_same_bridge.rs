//! A clone of a bridge is the same bridge: it has the same home, the same pool and the
//! same end.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let clone = bridge.clone();
    assert_eq!(bridge.handle().unwrap().id(), clone.handle().unwrap().id());
    assert_eq!(wait(clone.offload(|| 7)), 7);
    assert_eq!(bridge.metrics(), clone.metrics());
    let _nothing_left = clone.shutdown(Duration::ZERO).wait();
    assert!(bridge.try_offload(|| ()).unwrap_err().is_shut_down());
}
