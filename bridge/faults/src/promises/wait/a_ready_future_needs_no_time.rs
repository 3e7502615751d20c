//! A wait polls before it parks, so a ready future needs no time.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

/// Ready at the first poll, after more operations than a coop budget allows.
async fn ready() -> u32 {
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
        let outcome = take(|| ready().wait_timeout(Duration::ZERO));
        assert!(matches!(outcome, Ok(7)), "{place}: {outcome:?}");
    }
}
