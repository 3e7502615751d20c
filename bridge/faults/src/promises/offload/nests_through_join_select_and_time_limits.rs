//! Jobs nest through joins, selects, time limits and boxes on a pool with one permit.

use crate::kit::nest::{Work, value};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

fn descend(bridge: &Bridge, depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let inner = bridge.clone();
    let below = bridge.offload(move || descend(&inner, depth - 1));
    let future: Work = match depth % 4 {
        0 => Box::pin(below),
        1 => {
            let other = bridge.offload(|| ());
            Box::pin(async move { tokio::join!(below, other).0 })
        }
        2 => Box::pin(async move {
            tokio::select! {
                value = below => value,
                () = sleep(Duration::from_hours(1)) => unreachable!(),
            }
        }),
        _ => Box::pin(async move {
            tokio::time::timeout(Duration::from_hours(1), below)
                .await
                .unwrap()
        }),
    };
    bridge.wait(future) + 1
}

pub(crate) fn run() {
    for (threads, blocked) in [(1, 1), (1, 64), (2, 3)] {
        let bridge = bridge_of(threads, blocked);
        assert_eq!(value(&bridge, 40, descend), 40);
    }
}
