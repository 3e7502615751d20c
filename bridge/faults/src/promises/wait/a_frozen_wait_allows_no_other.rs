//! A plain wait after `wait_frozen` is refused as before.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    current_thread().block_on(async {
        assert_eq!(bridge::wait_frozen(real_work()), 7);
        is_refused(&try_wait(real_work()));
        assert_eq!(Context::current(), Context::Async);
        let task = tokio::spawn(async { try_wait(real_work()) });
        is_refused(&task.await.unwrap());
    });
}
