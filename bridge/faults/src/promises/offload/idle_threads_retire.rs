//! A thread without work ends after `keep_alive`, and the next job starts a new one.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`blocking` 1.7.0 never retires a thread.";

pub(crate) fn run() {
    let stops = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&stops);
    let bridge = Bridge::builder()
        .keep_alive(Duration::from_millis(20))
        .on_thread_stop(move || {
            count.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    for round in 1..=3 {
        wait(bridge.offload(|| ()));
        eventually("the thread retires", || bridge.metrics().threads == 0);
        eventually("its hook runs", || stops.load(Ordering::SeqCst) == round);
    }
}
