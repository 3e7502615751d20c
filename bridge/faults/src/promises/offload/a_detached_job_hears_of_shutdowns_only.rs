//! A detached job is not cancelled: its hook is called, and its `cancellation` resolves,
//! only when a shutdown has used up its grace.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = Bridge::builder()
        .max_threads(2)
        .cancel_grace(Duration::from_secs(30))
        .build()
        .unwrap();
    let (note, noted) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let on_call = note.clone();
    let blocks = bridge.offload(move || {
        let _guard = on_cancel(move || {
            on_call.send("called").unwrap();
            drop(release);
        });
        let _released = held.recv();
    });
    let inner = bridge.clone();
    let waits = bridge.offload(move || {
        inner.wait(cancellation());
        note.send("resolved").unwrap();
    });
    blocks.start().detach();
    waits.detach();
    eventually("both are at it", || {
        (bridge.metrics().running, bridge.metrics().blocked) == (1, 1)
    });
    assert_eq!(noted.try_recv(), Err(mpsc::TryRecvError::Empty));
    let report = bridge.shutdown(Duration::ZERO).wait();
    assert_eq!((report.cancelled, report.running.len()), (2, 0));
    let mut heard: Vec<_> = noted.iter().collect();
    heard.sort_unstable();
    assert_eq!(heard, ["called", "resolved"]);
}
