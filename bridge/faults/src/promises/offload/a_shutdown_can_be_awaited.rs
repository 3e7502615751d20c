//! A server can await a shutdown while its other tasks go on.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (job, release) = Plug::new(&bridge).into_parts();
    current_thread().block_on(async {
        let ticks = Arc::new(AtomicUsize::new(0));
        let ticking = Arc::clone(&ticks);
        let others = tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(1)).await;
                if ticking.fetch_add(1, Ordering::SeqCst) == 20 {
                    break;
                }
            }
            drop(release);
        });
        // It ends only if the other task lets the job end.
        let report = bridge.shutdown(Duration::from_hours(1)).await;
        assert_eq!(report.completed, 1);
        others.await.unwrap();
        assert!(ticks.load(Ordering::SeqCst) > 20);
    });
    drop(job);
}
