//! A job that waits keeps polling its own future, because another thread runs what it
//! waits for.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`spawn_blocking` with `Handle::block_on` on one thread hangs.";

pub(crate) fn run() {
    let bridge = bridge_of(1, 64);
    let inner = bridge.clone();
    let value = wait(bridge.offload(move || {
        let (send, receive) = mpsc::channel();
        // The inner job blocks until the other branch, which only the waiting
        // job polls, has sent.
        let receives = inner.offload(move || receive.recv().unwrap());
        let sends = async move {
            sleep(Duration::from_millis(5)).await;
            send.send(7).unwrap();
        };
        inner.wait(async { tokio::join!(receives, sends).0 })
    }));
    assert_eq!(value, 7);
}
