//! A job may wait for a thousand jobs at once that each wait in turn, on a pool of any
//! size.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    for (threads, blocked) in [(1, 1), (1, 64), (3, 2)] {
        let bridge = bridge_of(threads, blocked);
        let inner = bridge.clone();
        let sum = wait(bridge.offload(move || {
            let siblings = (0..1000).map(|number| {
                let leaf = inner.clone();
                inner.offload(move || leaf.wait(leaf.offload(move || number)))
            });
            inner.wait(join_all(siblings)).into_iter().sum::<usize>()
        }));
        assert_eq!(sum, 499_500);
    }
}
