//! A pool whose size nobody set runs jobs that block until jobs behind them in the
//! queue have run.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`spawn_blocking` finishes.";

pub(crate) fn run() {
    let bridge = default_bridge();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..150).map(|_| mpsc::channel()).unzip();
    let blocked: Vec<_> = receivers
        .into_iter()
        .map(|receive| bridge.offload(move || receive.recv().unwrap()).start())
        .collect();
    let sends: Vec<_> = senders
        .into_iter()
        .enumerate()
        .map(|(number, send)| bridge.offload(move || send.send(number).unwrap()).start())
        .collect();
    wait(join_all(sends));
    assert!(wait(join_all(blocked)).into_iter().eq(0..150));
}
