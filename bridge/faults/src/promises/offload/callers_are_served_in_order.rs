//! Callers that wait for room in the queue are served first come, first served.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = Bridge::builder()
        .max_threads(1)
        .queue_capacity(1)
        .build()
        .unwrap();
    let plug = Plug::new(&bridge);
    let (note, noted) = mpsc::channel();
    let jobs: Vec<_> = (0..100)
        .map(|number| {
            let note = note.clone();
            bridge.offload(move || note.send(number).unwrap()).start()
        })
        .collect();
    let metrics = bridge.metrics();
    assert_eq!((metrics.queued, metrics.backlog), (1, 99));
    plug.release();
    wait(join_all(jobs));
    drop(note);
    assert!(noted.iter().eq(0..100));
}
