//! A runtime whose guard the future has held, and which ends, does not end the wait.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let outcome = try_wait(async {
        let another = multi_thread(1);
        {
            let _guard = another.enter();
            tokio::spawn(sleep(Duration::from_millis(5))).await.unwrap();
        }
        another.shutdown_background();
        sleep(Duration::from_millis(20)).await;
        7
    });
    assert_eq!(outcome.unwrap(), 7);
}
