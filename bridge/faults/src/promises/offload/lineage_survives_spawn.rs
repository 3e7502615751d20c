//! A task of `bridge::spawn` carries the lineage of its spawner, so that the pool runs
//! what it submits for a parked job.

use crate::kit::nest::with_hops;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    with_hops(|bridge, work| {
        let task = bridge.spawn(work);
        Box::pin(async move { task.await.unwrap() })
    });
}
