//! The guard of `enter` makes its thread blocking code of home until it drops, and
//! plain afterwards.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = default_bridge();
    let home = bridge.handle().unwrap().id();
    assert_eq!(Context::current(), Context::Sync);
    {
        let _outer = bridge.enter();
        let _inner = bridge.try_enter().unwrap();
        assert_eq!(Context::current(), Context::Blocking);
        assert_eq!(Handle::current().id(), home);
        assert_eq!(wait(async { Handle::current().id() }), home);
        assert_eq!(wait(real_work()), 7);
    }
    assert_eq!(Context::current(), Context::Sync);
    assert!(Handle::try_current().is_err());
}
