//! With the default settings, waits nested through spawned tasks end in `TooDeep`
//! before they use up Tokio's blocking threads.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`block_in_place` hangs at a depth of 530.";

fn descend(depth: usize) -> Result<usize, WaitError> {
    if depth == 0 {
        return Ok(0);
    }
    try_wait(tokio::spawn(async move { descend(depth - 1) }))?
        .unwrap()
        .map(|below| below + 1)
}

pub(crate) fn run() {
    multi_thread(1).block_on(async {
        assert_eq!(
            tokio::spawn(async { descend(100) }).await.unwrap().unwrap(),
            100
        );
        let outcome = tokio::spawn(async { descend(700) }).await.unwrap();
        assert!(
            matches!(outcome, Err(WaitError::TooDeep { limit: 256, .. })),
            "{outcome:?}"
        );
        assert_eq!(
            tokio::spawn(real_work()).await.unwrap(),
            7,
            "the runtime goes on"
        );
    });
}
