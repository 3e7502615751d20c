//! A wait under the guard of a foreign runtime never gives a worker's core to that
//! runtime.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`block_in_place` gives the core away there, and dropping the foreign runtime \
    then hangs for ever.";

/// A runtime whose one worker is parked.
fn idle() -> tokio::runtime::Runtime {
    let runtime = multi_thread(1);
    eventually("the worker is parked", || {
        !runtime
            .metrics()
            .worker_park_unpark_count(0)
            .is_multiple_of(2)
    });
    runtime
}

pub(crate) fn run() {
    for foreign in [current_thread(), idle()] {
        let own = multi_thread(1);
        let handle = foreign.handle().clone();
        own.block_on(async {
            let task = tokio::spawn(async move {
                let _guard = handle.enter();
                is_refused(&try_wait(real_work()));
            });
            task.await.unwrap();
            // Without its core the worker would run nothing more.
            assert_eq!(tokio::spawn(real_work()).await.unwrap(), 7);
        });
        drop(own);
        drop(foreign);
    }
}
