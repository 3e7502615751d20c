//! Waits that nest on one stack without an end are told before the stack overflows.

use std::pin::Pin;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

fn descend() -> Result<(), WaitError> {
    let below: Pin<Box<dyn Future<Output = Result<(), WaitError>>>> = Box::pin(async { descend() });
    try_wait(below)?
}

pub(crate) fn run() {
    for kibibytes in [128, 512, 2048] {
        let thread = thread::Builder::new().stack_size(kibibytes << 10);
        let outcome = thread.spawn(descend).unwrap().join().unwrap();
        assert!(
            matches!(outcome, Err(WaitError::StackExhausted { .. })),
            "{kibibytes} KiB: {outcome:?}"
        );
    }
}
