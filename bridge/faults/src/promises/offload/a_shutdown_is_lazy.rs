//! A shutdown does nothing before it is waited for or polled.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = default_bridge();
    drop(bridge.shutdown(Duration::ZERO));
    assert_eq!(wait(bridge.offload(|| 7)), 7);
    assert_eq!(bridge.wait(real_work()), 7);
}
