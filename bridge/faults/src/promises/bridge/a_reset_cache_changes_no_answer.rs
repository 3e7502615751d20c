//! `reset_cache` at any moment, from any thread, changes nothing that a task sees, unless it
//! holds the guard of another runtime.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(2, 2);
    let over = Arc::new(AtomicBool::new(false));
    let (resets, until) = (bridge.clone(), Arc::clone(&over));
    let resetting = thread::spawn(move || {
        while !until.load(Ordering::SeqCst) {
            resets.reset_cache();
        }
    });
    let runtime = multi_thread(2);
    let id = runtime.handle().id();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (spawns, waits) = (bridge.clone(), bridge.clone());
            let _guard = runtime.enter();
            spawns.spawn(async move {
                for _ in 0..10 {
                    assert_eq!(Context::current(), Context::Async);
                    assert_eq!(waits.wait(async { Handle::current().id() }), id);
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    over.store(true, Ordering::SeqCst);
    resetting.join().unwrap();
}
