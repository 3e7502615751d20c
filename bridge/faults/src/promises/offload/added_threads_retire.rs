//! The threads that a pool added while it stood still retire like all others.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = Bridge::builder()
        .keep_alive(Duration::from_millis(100))
        .build()
        .unwrap();
    for _ in 0..2 {
        let together = Arc::new(Barrier::new(60));
        let jobs = (0..60).map(|_| {
            let together = Arc::clone(&together);
            bridge.offload(move || together.wait().is_leader())
        });
        wait(join_all(jobs));
        assert!(bridge.metrics().peak_threads >= 60);
        eventually("they retire", || bridge.metrics().threads == 0);
    }
}
