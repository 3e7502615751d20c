//! A thousand levels on a pool with one permit end in a value or in a typed error, on
//! no more threads than the bound.

use crate::kit::nest::descend;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 64);
    match descend(&bridge, 1000) {
        Ok(depth) => assert_eq!(depth, 1000),
        Err(error) => assert!(matches!(error, WaitError::PoolExhausted { .. }), "{error}"),
    }
    let metrics = bridge.metrics();
    assert!(metrics.peak_threads <= 65, "{metrics:?}");
    assert_eq!(descend(&bridge, 8).unwrap(), 8, "the pool works on");
}
