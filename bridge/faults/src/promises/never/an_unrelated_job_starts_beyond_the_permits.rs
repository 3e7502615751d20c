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
    // The parent, which wakes up now and then, and three children: two have permits,
    // and one runs on the account of the parent.
    let started = || {
        let metrics = bridge.metrics();
        (metrics.running + metrics.blocked, metrics.queued)
    };
    eventually("three children run", || started() == (4, 1));
    let (note, ran) = mpsc::channel();
    let stranger = bridge.offload(move || note.send(()).unwrap()).start();
    for _ in 0..50 {
        thread::sleep(Duration::from_millis(1));
        assert_eq!(started(), (4, 2));
    }
    assert!(ran.try_recv().is_err(), "the unrelated job has started");
    drop(release);
    let_go.send(()).unwrap();
    wait(parent);
    wait(stranger);
}
