//! No program of waits, jobs, tasks, joins, selects and time limits hangs because of
//! the bridging, on pools of any size.

use crate::kit::random::{Random, nest};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    for seed in 0..60 {
        for (threads, blocked) in [(1, 1), (1, 64), (2, 1), (3, 2)] {
            let bridge = bridge_of(threads, blocked);
            let inner = bridge.clone();
            let mut random = Random::new(seed);
            // The value is the number of steps, so none was skipped or done twice.
            let steps = 1 + random.below(30);
            let value = wait(bridge.offload(move || nest(&inner, random, steps)));
            assert_eq!(value, steps, "seed {seed} on {threads} and {blocked}");
        }
    }
}
