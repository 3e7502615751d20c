//! In blocking code under a multi-thread runtime, a wait rests on that runtime.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = multi_thread(1);
    let id = runtime.handle().id();
    let here = || wait(async { Handle::current().id() });
    {
        let _guard = runtime.enter();
        assert_eq!(here(), id, "under a guard");
    }
    runtime.block_on(async {
        assert_eq!(spawn_blocking(here).await.unwrap(), id);
        let task = tokio::spawn(async move { block_in_place(here) });
        assert_eq!(task.await.unwrap(), id, "in block_in_place");
        assert_eq!(bridge::offload(here).await, id, "in an offloaded closure");
    });
    // That runtime drives the timers and sockets of the future.
    let _guard = runtime.enter();
    assert_eq!(wait(real_work()), 7);
}
