//! Where the pool is shut down, `.await` panics with a text that names the place of the
//! offload, and `outcome` returns the same.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = default_bridge();
    let _nothing_ran = bridge.shutdown(Duration::ZERO).wait();
    let line = line!() + 1;
    let text = panic_of(|| multi_thread(1).block_on(bridge.offload(|| ())));
    assert!(text.contains(&format!("{}:{line}", file!())), "{text}");
    assert!(text.contains("shut down"), "{text}");
    let line = line!() + 1;
    let outcome = wait(bridge.offload(|| ()).outcome());
    match outcome {
        Err(OffloadError::ShutDown { at, .. }) => assert_eq!(at.line(), line),
        other => panic!("{other:?}"),
    }
    let rejected = bridge.try_offload(|| 7).unwrap_err();
    assert!(rejected.is_shut_down());
    assert_eq!(rejected.into_inner()(), 7);
}
