//! A bridge whose pool, queue and home are stuck delays nothing on another bridge.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let stuck = Bridge::builder()
        .max_threads(1)
        .worker_threads(1)
        .queue_capacity(1)
        .build()
        .unwrap();
    let other = bridge_of(1, 1);
    let (release, held) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    stuck.handle().unwrap().spawn(async move {
        start.send(()).unwrap();
        let _released = held.recv();
    });
    started.recv().unwrap();
    let plug = Plug::new(&stuck);
    let queued = stuck.try_offload(|| ()).unwrap();
    assert!(stuck.try_offload(|| ()).unwrap_err().is_full());
    assert_ne!(stuck.handle().unwrap().id(), other.handle().unwrap().id());
    for _ in 0..20 {
        assert_eq!(other.wait(real_work()), 7);
        assert_eq!(other.wait(other.offload(|| 7)), 7);
    }
    let metrics = other.metrics();
    assert_eq!(
        (metrics.completed, metrics.rejected),
        (20, 0),
        "{metrics:?}"
    );
    let report = other.shutdown(Duration::from_secs(5)).wait();
    assert!(report.running.is_empty());
    drop(release);
    plug.release();
    wait(queued);
    assert_eq!(
        stuck.wait(real_work()),
        7,
        "the end of one is not that of the other"
    );
}
