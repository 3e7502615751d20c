//! A task that is aborted while jobs of it run and wait leaves a pool that works.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = multi_thread(2);
    let bridge = bridge_of(2, 4);
    for _ in 0..200 {
        let inner = bridge.clone();
        let task = runtime.spawn(async move {
            let deeper = inner.clone();
            let short = || thread::sleep(Duration::from_micros(50));
            let job = inner.offload(move || deeper.wait(deeper.offload(short)));
            job.await;
        });
        thread::sleep(Duration::from_micros(100));
        task.abort();
    }
    assert_eq!(wait(bridge.offload(|| 7)), 7);
    eventually("all jobs have ended", || {
        let metrics = bridge.metrics();
        (metrics.running, metrics.blocked, metrics.queued) == (0, 0, 0)
    });
}
