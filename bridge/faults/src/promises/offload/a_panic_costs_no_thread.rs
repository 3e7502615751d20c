//! A pool loses no thread and no permit to panics, not even to payloads and results
//! that panic when they are dropped.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

/// Panics when it is dropped, unless its thread does so already.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(thread::panicking(), "a bomb");
    }
}

pub(crate) fn run() {
    let bridge = bridge_of(2, 1);
    for round in 0..100 {
        let job = bridge.offload(move || {
            if round % 2 == 0 {
                panic_any(Bomb);
            }
            Bomb
        });
        if round % 3 == 0 {
            // This thread drops the result if the job has ended already.
            let _bomb = catch_unwind(AssertUnwindSafe(|| drop(job.start())));
            continue;
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| drop(wait(job.outcome()))));
        assert!(outcome.is_err(), "the bomb is the caller's");
    }
    let together = Arc::new(Barrier::new(2));
    let jobs = (0..2).map(|_| {
        let together = Arc::clone(&together);
        bridge.offload(move || together.wait().is_leader())
    });
    let leaders = wait(join_all(jobs)).into_iter().filter(|leads| *leads);
    assert_eq!(leaders.count(), 1, "both permits are there");
}
