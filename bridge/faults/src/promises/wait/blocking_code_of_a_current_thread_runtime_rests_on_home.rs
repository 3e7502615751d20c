//! In blocking code under a current-thread runtime, a wait rests on home, so timers and
//! sockets work although nobody drives that runtime.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`Handle::block_on` hangs on timers and sockets there.";

pub(crate) fn run() {
    let home = Bridge::global().handle().unwrap().id();
    let here = || {
        assert_eq!(wait(real_work()), 7);
        wait(async { Handle::current().id() })
    };
    let undriven = current_thread();
    {
        let _guard = undriven.enter();
        assert_eq!(here(), home, "under a guard");
    }
    undriven.block_on(async {
        assert_eq!(spawn_blocking(here).await.unwrap(), home);
        assert_eq!(bridge::offload(here).await, home);
    });
}
