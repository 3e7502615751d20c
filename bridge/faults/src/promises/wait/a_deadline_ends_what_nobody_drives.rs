//! A deadline ends a wait for a timer or a task of a runtime that nobody drives.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`Handle::block_on` on such a runtime hangs.";

pub(crate) fn run() {
    let undriven = current_thread();
    let limit = Duration::from_millis(20);
    let timer = {
        let _guard = undriven.enter();
        sleep(Duration::from_millis(1))
    };
    is_timed_out(&timer.wait_timeout(limit));
    is_timed_out(&undriven.spawn(async {}).wait_timeout(limit));
}
