//! A task that the bridge spawned may wait under the guard of a foreign runtime,
//! because it knows its own.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let (own, foreign) = (multi_thread(1), multi_thread(1));
    let handle = foreign.handle().clone();
    own.block_on(async {
        let task = bridge::spawn(async move {
            let _guard = handle.enter();
            wait(real_work())
        });
        assert_eq!(task.await.unwrap(), 7);
        assert_eq!(tokio::spawn(real_work()).await.unwrap(), 7);
    });
    drop(foreign);
}
