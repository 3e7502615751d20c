//! In a pool whose size is set, no unrelated job starts while `max_threads` jobs run unparked,
//! those whose callers have left included.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(3, 8);
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let job = || {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        bridge.offload(move || {
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
            thread::sleep(Duration::from_micros(500));
            running.fetch_sub(1, Ordering::SeqCst);
        })
    };
    let mut kept = Vec::new();
    for number in 0..600 {
        let job = job().start();
        match number % 3 {
            0 => drop(job),
            1 => {
                let _which: Cancelled = job.cancel();
                kept.push(job.outcome());
            }
            _ => kept.push(job.outcome()),
        }
        if number % 16 == 0 {
            thread::sleep(Duration::from_micros(300));
        }
    }
    wait(join_all(kept));
    eventually("all have ended", || {
        let metrics = bridge.metrics();
        (metrics.running, metrics.queued) == (0, 0)
    });
    assert_eq!(most.load(Ordering::SeqCst), 3);
}
