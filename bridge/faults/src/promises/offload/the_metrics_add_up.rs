//! Each job that was submitted is counted once: as completed, cancelled, panicked or
//! rejected.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    const JOBS: u64 = 20_000;
    let bridge = Bridge::builder()
        .max_threads(2)
        .queue_capacity(64)
        .build()
        .unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let mut kept = Vec::new();
    let mut rejected = 0;
    for number in 0..JOBS {
        let count = Arc::clone(&ran);
        let job = bridge.try_offload(move || {
            count.fetch_add(1, Ordering::SeqCst);
            if number % 101 == 0 {
                std::panic::resume_unwind(Box::new("on purpose"));
            }
        });
        match (job, number % 3) {
            (Ok(job), 0) => drop(job),
            (Ok(job), 1) => {
                let _which: Cancelled = job.cancel();
            }
            (Ok(job), _) => kept.push(job.outcome()),
            (Err(full), _) => {
                assert!(full.is_full());
                rejected += 1;
            }
        }
    }
    wait(join_all(kept));
    let report = bridge.shutdown(Duration::MAX).wait();
    assert_eq!((report.abandoned, report.running.len()), (0, 0));
    let metrics = bridge.metrics();
    let ran = ran.load(Ordering::SeqCst) as u64;
    assert_eq!(metrics.rejected, rejected);
    assert_eq!(metrics.completed + metrics.panicked, ran);
    assert_eq!(ran + metrics.cancelled + rejected, JOBS, "{metrics:?}");
    assert_eq!(
        (metrics.running, metrics.queued, metrics.blocked),
        (0, 0, 0)
    );
}
