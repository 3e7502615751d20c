//! A wait that would hand over more workers than `max_nested_waits` says `TooDeep` with
//! that limit.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

fn descend(bridge: &Bridge, depth: usize) -> Result<usize, WaitError> {
    if depth == 0 {
        return Ok(0);
    }
    let inner = bridge.clone();
    let task = tokio::spawn(async move { descend(&inner, depth - 1) });
    bridge.try_wait(task)?.unwrap().map(|below| below + 1)
}

pub(crate) fn run() {
    let bridge = Bridge::builder().max_nested_waits(3).build().unwrap();
    multi_thread(2).block_on(async {
        let deep = |depth| {
            let bridge = bridge.clone();
            async move {
                tokio::spawn(async move { descend(&bridge, depth) })
                    .await
                    .unwrap()
            }
        };
        assert_eq!(deep(3).await.unwrap(), 3);
        let outcome = deep(4).await;
        assert!(
            matches!(outcome, Err(WaitError::TooDeep { limit: 3, .. })),
            "{outcome:?}"
        );
        assert_eq!(deep(3).await.unwrap(), 3, "the limit is free again");
    });
}
