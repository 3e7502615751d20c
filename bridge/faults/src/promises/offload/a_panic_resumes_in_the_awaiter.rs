//! A panic of a job, with any payload, resumes in its awaiter, and `outcome` returns it
//! instead.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let panics = || wait(bridge.offload(|| panic_any(7_u8)));
    let payload = catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
    assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
    let outcome: Result<(), _> = wait(bridge.offload(|| panic!("a text")).outcome());
    match outcome {
        Err(OffloadError::Panicked(panic)) => assert_eq!(panic.text(), "a text"),
        other => panic!("{other:?}"),
    }
}
