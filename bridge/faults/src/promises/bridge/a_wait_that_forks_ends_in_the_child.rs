//! A wait that is open at a fork ends with `Forked` in the child, and with its value in
//! the parent.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let outcome = bridge.try_wait(async {
        sleep(Duration::from_millis(5)).await;
        let pid = fork();
        if pid == 0 {
            pending::<()>().await;
        }
        pid
    });
    match outcome {
        Ok(pid) => assert!(ended_well(pid)),
        // This is the child.
        Err(error) => exit(i32::from(!matches!(error, WaitError::Forked { .. }))),
    }
    assert_eq!(bridge.wait(real_work()), 7);
}
