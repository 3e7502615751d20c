//! A task of a `LocalSet` is refused a wait, also where the set runs inside another
//! wait or job.

use tokio::task::{LocalSet, spawn_local};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

async fn local() -> Outcome {
    let set = LocalSet::new();
    set.run_until(async { spawn_local(async { try_wait(real_work()) }).await.unwrap() })
        .await
}

pub(crate) fn run() {
    is_refused(&wait(local()));
    is_refused(&multi_thread(1).block_on(async { wait(local()) }));
    is_refused(&wait(bridge::offload(|| {
        futures::executor::block_on(local())
    })));
    is_refused(&futures::executor::block_on(local()));
}
