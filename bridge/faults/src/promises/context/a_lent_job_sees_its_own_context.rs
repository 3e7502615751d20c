//! A job that runs on the stack of a job that waits sees its own submitter's context, or
//! none, and the waiting job has its own back afterwards.

use crate::kit::context::{REQUEST, carries_request, request};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

/// Nests jobs. Each is submitted with the number of its level, or with none, and waits with
/// another number.
fn descend(bridge: &Bridge, depth: u32) {
    let expected = (!depth.is_multiple_of(3)).then_some(depth);
    assert_eq!(request(), expected);
    if depth == 0 {
        return;
    }
    REQUEST.sync_scope(depth + 1000, || {
        let inner = bridge.clone();
        let job = bridge.offload(move || descend(&inner, depth - 1));
        bridge.wait(async {
            if (depth - 1).is_multiple_of(3) {
                // A task that nobody gives a context submits the job.
                tokio::spawn(Lineage::current().scope(job)).await.unwrap();
            } else {
                REQUEST.scope(depth - 1, job).await;
            }
        });
        assert_eq!(request(), Some(depth + 1000));
    });
}

pub(crate) fn run() {
    // All jobs but the first two are lent.
    let bridge = carries_request(1, 1);
    REQUEST.sync_scope(50, || {
        let inner = bridge.clone();
        bridge.wait(bridge.offload(move || descend(&inner, 50)));
    });
    assert_eq!(bridge.metrics().peak_threads, 2);
}
