//! A pool whose size is set never has more than `max_threads` and `max_blocked_threads`
//! together.

use crate::kit::nest::descend;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(2, 5);
    let threads: Vec<_> = (0..8)
        .map(|seed| {
            let bridge = bridge.clone();
            thread::spawn(move || {
                for round in 0..40 {
                    let depth = (seed * 7 + round * 3) % 12;
                    match descend(&bridge, depth) {
                        Ok(value) => assert_eq!(value, depth),
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let metrics = bridge.metrics();
    assert!(metrics.peak_threads <= 7, "{metrics:?}");
    assert!(metrics.peak_blocked >= 2, "the jobs did nest: {metrics:?}");
}
