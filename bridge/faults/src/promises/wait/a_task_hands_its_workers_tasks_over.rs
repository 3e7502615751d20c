//! A wait in a task of a multi-thread runtime lets the other tasks of its worker run.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    // The one worker polls the task that waits, so the task that sends is queued.
    let runtime = multi_thread(1);
    let value = runtime.block_on(async {
        let waits = tokio::spawn(async {
            let (send, receive) = oneshot::channel();
            let sends = tokio::spawn(async move { send.send(7).unwrap() });
            let value = wait(receive).unwrap();
            sends.await.unwrap();
            value
        });
        waits.await.unwrap()
    });
    assert_eq!(value, 7);
}
