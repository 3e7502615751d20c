//! In a fork's child the pool of the parent says so at once, a pool of the child works,
//! and the parent goes on.

use crate::prelude::*;

pub(crate) const PEERS: &str = "The thread-sensitive mode of asgiref hangs after a fork.";

pub(crate) fn run() {
    let bridge = bridge_of(2, 1);
    assert_eq!(wait(bridge.offload(|| 1)), 1);
    let plug = Plug::new(&bridge);
    let told = in_fork(|| {
        let outcome = futures::executor::block_on(bridge.offload(|| ()).outcome());
        let is_told = matches!(outcome, Err(OffloadError::Forked { .. }));
        let is_refused = bridge.try_offload(|| ()).is_err_and(|no| no.is_shut_down());
        let _returns = bridge.shutdown(Duration::from_mins(1)).wait();
        let own = bridge_of(1, 1);
        is_told && is_refused && own.wait(own.offload(|| 7)) == 7
    });
    assert!(told);
    plug.release();
    assert_eq!(wait(bridge.offload(|| 2)), 2);
}
