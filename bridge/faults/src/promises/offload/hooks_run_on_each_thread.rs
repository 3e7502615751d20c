//! `on_thread_start` runs on each thread before its first job, and `on_thread_stop`
//! after its last.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

thread_local! {
    static STARTED: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn run() {
    let running = Arc::new(AtomicUsize::new(0));
    let (up, down) = (Arc::clone(&running), Arc::clone(&running));
    let bridge = Bridge::builder()
        .max_threads(4)
        .keep_alive(Duration::from_millis(20))
        .on_thread_start(move || {
            STARTED.set(true);
            up.fetch_add(1, Ordering::SeqCst);
        })
        .on_thread_stop(move || {
            assert!(STARTED.replace(false));
            down.fetch_sub(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    let jobs = (0..40).map(|_| {
        bridge.offload(|| {
            thread::sleep(Duration::from_millis(1));
            STARTED.get()
        })
    });
    assert!(wait(join_all(jobs)).into_iter().all(|started| started));
    eventually("as many have stopped as have started", || {
        bridge.metrics().threads == 0 && running.load(Ordering::SeqCst) == 0
    });
}
