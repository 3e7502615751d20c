//! Where every thread is parked, none can be added and nothing can be lent, the
//! innermost wait says `PoolExhausted`.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (outer, inner) = (bridge.clone(), bridge.clone());
    let outcome = wait(
        bridge.offload(move || outer.wait(outer.offload(move || inner.try_wait(pending::<()>())))),
    );
    assert!(
        matches!(outcome, Err(WaitError::PoolExhausted { .. })),
        "{outcome:?}"
    );
    assert_eq!(wait(bridge.offload(|| 7)), 7, "the pool works on");
}
