//! A job runs inside the runtime that submitted it, as under `spawn_blocking`.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let here = || (Context::current(), Handle::current().id());
    for runtime in [multi_thread(1), current_thread()] {
        let id = runtime.handle().id();
        let there = runtime.block_on(async { bridge::offload(here).await });
        assert_eq!(there, (Context::Blocking, id));
        let spawned = runtime.block_on(async {
            bridge::offload(|| tokio::spawn(async { 7 }))
                .await
                .await
                .unwrap()
        });
        assert_eq!(spawned, 7);
    }
    let elsewhere = futures::executor::block_on(bridge::offload(Context::current));
    assert_eq!(elsewhere, Context::Blocking, "without a runtime");
}
