//! Any number of jobs may be the first users of a `LazyLock` whose initialiser waits
//! for pool work.

use std::sync::LazyLock;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

static BRIDGE: LazyLock<Bridge> = LazyLock::new(default_bridge);
static VALUE: LazyLock<u32> = LazyLock::new(|| {
    BRIDGE.wait(async {
        sleep(Duration::from_millis(20)).await;
        BRIDGE.offload(|| 7).await
    })
});

pub(crate) fn run() {
    let jobs = (0..120).map(|_| BRIDGE.offload(|| *VALUE));
    assert_eq!(wait(join_all(jobs)), [7; 120]);
}
