//! A panic of a carrier reaches the submitter, if it captures, or the caller of the job, if
//! it enters, and the pool works on.

use bridge::Carrier;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

/// Where the carrier panics: 1 in `capture`, 2 in `enter`.
static WHERE: AtomicUsize = AtomicUsize::new(0);

struct Panics;

impl Carrier for Panics {
    type Context = ();

    fn capture(&self) -> Option<()> {
        assert_ne!(WHERE.load(Ordering::Relaxed), 1, "capture panics");
        Some(())
    }

    fn enter<R>(&self, (): &(), body: impl FnOnce() -> R) -> R {
        assert_ne!(WHERE.load(Ordering::Relaxed), 2, "enter panics");
        body()
    }
}

pub(crate) fn run() {
    let bridge = Bridge::builder().max_threads(1).carry(Panics);
    let bridge = bridge.build().unwrap();
    for _ in 0..100 {
        WHERE.store(1, Ordering::Relaxed);
        let mut job = bridge.offload(|| 7);
        assert!(panic_of(|| bridge.wait(&mut job)).contains("capture panics"));
        assert!(panic_of(|| bridge.spawn(async {})).contains("capture panics"));
        WHERE.store(2, Ordering::Relaxed);
        let outcome = bridge.wait(job.outcome());
        assert!(matches!(outcome, Err(OffloadError::Panicked(_))));
        WHERE.store(0, Ordering::Relaxed);
        assert_eq!(bridge.wait(bridge.offload(|| 8)), 8);
    }
    let metrics = bridge.metrics();
    assert_eq!((metrics.completed, metrics.panicked), (100, 100));
    assert_eq!((metrics.cancelled, metrics.peak_threads), (0, 1));
}
