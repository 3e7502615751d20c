//! An offload submits its closure at the first poll or by `start`, and not before.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = default_bridge();
    let ran = Arc::new(AtomicUsize::new(0));
    let job = || {
        let count = Arc::clone(&ran);
        bridge.offload(move || count.fetch_add(1, Ordering::SeqCst))
    };
    drop(job());
    let lazy = job();
    assert_eq!(
        (bridge.metrics().threads, ran.load(Ordering::SeqCst)),
        (0, 0)
    );
    let started = job().start();
    eventually("the started one runs", || ran.load(Ordering::SeqCst) == 1);
    wait(started);
    wait(lazy);
    assert_eq!(ran.load(Ordering::SeqCst), 2);
}
