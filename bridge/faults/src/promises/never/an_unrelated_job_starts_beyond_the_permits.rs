//! No unrelated job starts beyond the permits while descendants of parked jobs run
//! there.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(2, 8);
    let inner = bridge.clone();
    let (let_go, until) = oneshot::channel::<()>();
    let (release, block) = mpsc::channel::<()>();
    let block = Arc::new(Mutex::new(block));
    let parent = bridge.offload(move || {
        let children: Vec<_> = (0..4)
            .map(|_| {
                let block = Arc::clone(&block);
                let child = inner.offload(move || block.lock().unwrap().recv().is_err());
                child.start()
            })
            .collect();
        inner.wait(async { (until.await.unwrap(), join_all(children).await) });
    });
    let parent = parent.start();
    // Two have permits, and one runs on the account of the parked job.
    eventually("three run", || bridge.metrics().running == 3);
    let stranger = bridge.offload(|| ()).start();
    thread::sleep(Duration::from_millis(50));
    let metrics = bridge.metrics();
    assert_eq!((metrics.running, metrics.queued), (3, 2), "{metrics:?}");
    drop(release);
    let_go.send(()).unwrap();
    wait(parent);
    wait(stranger);
}
