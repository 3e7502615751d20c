//! `call.on(&bridge)` runs one call on that bridge.

use bridge::smartasync;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

#[smartasync]
fn pool() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

#[smartasync]
async fn home() -> tokio::runtime::Id {
    Handle::current().id()
}

pub(crate) fn run() {
    let bridge = Bridge::builder().thread_name("mine").build().unwrap();
    let mine = bridge.handle().unwrap().id();
    assert_eq!(home().on(&bridge).wait(), mine);
    assert_ne!(home().wait(), mine);
    multi_thread(1).block_on(async {
        assert_eq!(pool().on(&bridge).await.as_deref(), Some("mine"));
        assert_ne!(pool().await.as_deref(), Some("mine"));
    });
}
