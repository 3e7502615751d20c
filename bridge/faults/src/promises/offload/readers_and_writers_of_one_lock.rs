//! Jobs that hold a read lock over a wait for pool work finish, although all others
//! block to write.

use std::sync::RwLock;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    for bridge in [bridge_of(1, 64), default_bridge()] {
        let lock = Arc::new(RwLock::new(0));
        let jobs = (0..60).map(|number| {
            let (inner, lock) = (bridge.clone(), Arc::clone(&lock));
            bridge.offload(move || {
                if number % 3 == 0 {
                    *lock.write().unwrap() += 1;
                    return;
                }
                let read = lock.read().unwrap();
                let before = *read;
                inner.wait(async {
                    sleep(Duration::from_millis(1)).await;
                    inner.offload(|| ()).await;
                });
                assert_eq!(*read, before);
            })
        });
        wait(join_all(jobs));
        assert_eq!(*lock.read().unwrap(), 20);
    }
}
