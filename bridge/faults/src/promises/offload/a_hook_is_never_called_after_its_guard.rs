//! Whenever the caller leaves, a hook is called at most once, and is neither called nor in
//! progress after its guard has been dropped.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let mut called = 0;
    for round in 0..2_000 {
        let (start, started) = mpsc::channel();
        let job = bridge.offload(move || {
            let calls = Arc::new(AtomicUsize::new(0));
            let counts = Arc::clone(&calls);
            start.send(()).unwrap();
            let guard = on_cancel(move || {
                counts.fetch_add(1, Ordering::SeqCst);
                pause(20);
                counts.fetch_add(1, Ordering::SeqCst);
            });
            pause(round % 50);
            drop(guard);
            let at_once = calls.load(Ordering::SeqCst);
            pause(50);
            (at_once, calls.load(Ordering::SeqCst))
        });
        let job = job.start();
        started.recv().unwrap();
        pause(round / 50);
        assert_ne!(job.cancel(), Cancelled::Withdrawn);
        match wait(job) {
            (0, 0) => {}
            (2, 2) => called += 1,
            other => panic!("in round {round}: {other:?}"),
        }
    }
    assert!(called > 0, "no hook was called");
}

/// Waits about that many microseconds.
fn pause(micros: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(micros) {
        thread::yield_now();
    }
}
