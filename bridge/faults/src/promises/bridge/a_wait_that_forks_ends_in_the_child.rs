//! A wait that is open at a fork ends with `Forked` in the child, and with its value in
//! the parent.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let (bridge, parent) = (bridge_of(1, 1), std::process::id());
    let outcome = bridge.try_wait(async {
        sleep(Duration::from_millis(5)).await;
        let pid = fork();
        if pid == 0 {
            pending::<()>().await;
        }
        // The parent's wait parks once more.
        sleep(Duration::from_millis(5)).await;
        pid
    });
    match outcome {
        Ok(pid) => assert!(ended_well(pid)),
        Err(error) => {
            assert_ne!(
                std::process::id(),
                parent,
                "the wait of the parent: {error}"
            );
            exit(i32::from(!matches!(error, WaitError::Forked { .. })))
        }
    }
    assert_eq!(bridge.wait(real_work()), 7);
}
