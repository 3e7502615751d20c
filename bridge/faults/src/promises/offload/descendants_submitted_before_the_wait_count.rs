//! A job that was submitted before the wait, and that the wait needs, starts without a
//! permit.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    log::keep();
    for (threads, blocked) in [(1, 64), (1, 1), (2, 1)] {
        let bridge = bridge_of(threads, blocked);
        let lock = Arc::new(Mutex::new(()));
        let (go, start) = mpsc::channel();
        let (inner, shared) = (bridge.clone(), Arc::clone(&lock));
        let holder = bridge.offload(move || {
            let _held = shared.lock().unwrap();
            let early = inner.offload(|| 7).start();
            go.send(()).unwrap();
            thread::sleep(Duration::from_millis(30));
            inner.wait(early)
        });
        let holder = holder.start();
        start.recv().unwrap();
        let others: Vec<_> = (0..4)
            .map(|_| {
                let lock = Arc::clone(&lock);
                bridge.offload(move || drop(lock.lock().unwrap())).start()
            })
            .collect();
        assert_eq!(wait(holder), 7);
        wait(join_all(others));
    } // A pool that stands still for a second lets it start, too, but warns.
    assert!(log::warnings().is_empty(), "{:?}", log::warnings());
}
