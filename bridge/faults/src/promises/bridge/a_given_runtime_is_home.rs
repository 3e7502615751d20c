//! A runtime that is given to the builder is home, and stays its owner's when the
//! bridge is shut down.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = multi_thread(1);
    let built = Bridge::builder().runtime(runtime.handle().clone()).build();
    let bridge = built.unwrap();
    assert_eq!(
        bridge.wait(async { Handle::current().id() }),
        runtime.handle().id()
    );
    let _nothing_left = bridge.shutdown(Duration::from_secs(5)).wait();
    drop(bridge);
    assert_eq!(runtime.block_on(real_work()), 7);
}
