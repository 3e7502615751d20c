//! `try_offload` gives the closure back when the queue is full, and takes the next one
//! when there is room again.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = Bridge::builder()
        .max_threads(1)
        .queue_capacity(2)
        .build()
        .unwrap();
    let plug = Plug::new(&bridge);
    let first = bridge.try_offload(|| 1).unwrap();
    let second = bridge.try_offload(|| 2).unwrap();
    let text = String::from("captured");
    let rejected = bridge.try_offload(move || text).unwrap_err();
    assert!(rejected.is_full() && !rejected.is_shut_down(), "{rejected}");
    assert_eq!(rejected.into_inner()(), "captured");
    let metrics = bridge.metrics();
    assert_eq!((metrics.queued, metrics.rejected), (2, 1));
    plug.release();
    assert_eq!((wait(first), wait(second)), (1, 2));
    assert_eq!(wait(bridge.try_offload(|| 3).unwrap()), 3);
}
