//! A wait that is parked for a second where it may freeze a `LocalSet` warns once, and
//! names the call.

use tokio::task::{LocalSet, spawn_local};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    log::keep();
    let runtime = multi_thread(1);
    let task = runtime.spawn(async {
        block_in_place(|| {
            let set = LocalSet::new();
            let root = set.run_until(async {
                let never = pending::<()>();
                let waits = async { never.wait_timeout(Duration::from_millis(2200)) };
                spawn_local(waits).await.unwrap()
            });
            Handle::current().block_on(root)
        })
    });
    is_timed_out(&wait(task).unwrap());
    let warnings = log::warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for part in ["LocalSet", "Pending", file!()] {
        assert!(warnings[0].contains(part), "{part}: {warnings:?}");
    }
}
