//! `wait_frozen_timeout` ends at its deadline where the future needs the executor that
//! stands still, and that executor goes on.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    current_thread().block_on(async {
        let task = tokio::spawn(async { 7 });
        is_timed_out(&bridge::wait_frozen_timeout(
            task,
            Duration::from_millis(20),
        ));
        assert_eq!(tokio::spawn(async { 7 }).await.unwrap(), 7);
    });
}
