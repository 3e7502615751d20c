//! A future may do any number of operations in one poll, wherever the wait is made.

use crate::prelude::*;

pub(crate) const PEERS: &str = "A home-made `block_on` that polls under a coop budget does 128 and then \
    hangs.";

async fn thousand() -> u32 {
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..1000 {
        send.send(number).unwrap();
    }
    for number in 0..1000 {
        assert_eq!(receive.recv().await, Some(number));
    }
    7
}

pub(crate) fn run() {
    for (place, take) in places::MAY_WAIT {
        let outcome = take(|| try_wait(thousand()));
        assert!(matches!(outcome, Ok(7)), "{place}: {outcome:?}");
    }
}
