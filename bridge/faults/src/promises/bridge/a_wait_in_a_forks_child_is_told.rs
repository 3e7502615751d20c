//! In a fork's child a wait on its parent's home or runtime says `Forked` at once, and
//! a bridge of the child works.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

async fn pending_once() -> u32 {
    sleep(Duration::from_millis(1)).await;
    7
}

fn is_told() -> bool {
    matches!(try_wait(pending_once()), Err(WaitError::Forked { .. }))
}

fn own_works() -> bool {
    let own = bridge_of(1, 1);
    own.wait(pending_once()) == 7
}

pub(crate) fn run() {
    // The global bridge is the parent's, and not one that the child makes.
    assert_eq!(wait(pending_once()), 7);
    let bridge = bridge_of(1, 1);
    assert_eq!(bridge.wait(pending_once()), 7);
    assert!(in_fork(|| {
        let outcome = bridge.try_wait(pending_once());
        matches!(outcome, Err(WaitError::Forked { .. })) && own_works()
    }));
    let runtime = multi_thread(1);
    {
        let _guard = runtime.enter();
        assert!(in_fork(|| is_told() && own_works()), "under a guard");
    }
    assert!(runtime.block_on(async { in_fork(is_told) }), "in a root");
    let task = async { tokio::spawn(async { in_fork(is_told) }).await.unwrap() };
    assert!(runtime.block_on(task), "in a task");
    assert_eq!(bridge.wait(real_work()), 7, "the parent goes on");
}
