//! A wait keeps the context of its thread, nested, in a job, and in a task that hands its
//! worker over.

use crate::kit::context::{REQUEST, carries_request, request, smart_request};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = carries_request(1, 1);
    let nested = |bridge: &Bridge| {
        let inner = bridge.clone();
        bridge.wait(async move {
            yield_now().await;
            inner.wait(async { (request(), smart_request().wait()) })
        })
    };
    let seen = (Some(7), Some(7));
    assert_eq!(REQUEST.sync_scope(7, || nested(&bridge)), seen);
    let inner = bridge.clone();
    let job = REQUEST.sync_scope(7, || bridge.offload(move || nested(&inner)).start());
    assert_eq!(bridge.wait(job), seen);
    let runtime = multi_thread(1);
    let task = runtime.spawn(REQUEST.scope(7, async move { nested(&bridge) }));
    assert_eq!(runtime.block_on(task).unwrap(), seen);
}
