//! Dropping the future of a queued job withdraws it: its captures are dropped at once
//! and it never runs.

use crate::prelude::*;

pub(crate) const PEERS: &str = "A dropped `spawn_blocking` handle still runs its job.";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let plug = Plug::new(&bridge);
    let captured = Arc::new(AtomicBool::new(false));
    let capture = Arc::clone(&captured);
    let job = bridge
        .offload(move || capture.store(true, Ordering::SeqCst))
        .start();
    drop(job);
    assert_eq!(Arc::strong_count(&captured), 1, "the captures are dropped");
    assert_eq!(
        (bridge.metrics().queued, bridge.metrics().cancelled),
        (0, 1)
    );
    plug.release();
    wait(bridge.offload(|| ()));
    assert!(!captured.load(Ordering::SeqCst));
}
