//! A fork at any moment of a busy pool leaves a child that is told and that never
//! hangs.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(2, 2);
    let over = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let (bridge, over) = (bridge.clone(), Arc::clone(&over));
            thread::spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    futures::executor::block_on(bridge.offload(|| ()));
                }
            })
        })
        .collect();
    for _ in 0..20 {
        assert!(in_fork(|| {
            let outcome = futures::executor::block_on(bridge.offload(|| ()).outcome());
            let own = bridge_of(1, 1);
            matches!(outcome, Err(OffloadError::Forked { .. })) && own.wait(own.offload(|| 7)) == 7
        }));
    }
    over.store(true, Ordering::SeqCst);
    for thread in busy {
        thread.join().unwrap();
    }
}
