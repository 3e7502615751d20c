//! A job that waits for a second at the head of the queue is reported once, without a
//! further submission.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    log::keep();
    let bridge = bridge_of(1, 1);
    let plug = Plug::new(&bridge);
    let waiting: Vec<_> = (0..3).map(|n| bridge.offload(move || n).start()).collect();
    eventually("the warning", || !log::warnings().is_empty());
    thread::sleep(Duration::from_millis(500));
    let warnings = log::warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("queued=3"), "{warnings:?}");
    assert!(warnings[0].contains("max_threads"), "{warnings:?}");
    plug.release();
    assert_eq!(wait(join_all(waiting)), [0, 1, 2]);
}
