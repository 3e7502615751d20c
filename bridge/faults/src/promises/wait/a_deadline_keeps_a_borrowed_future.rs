//! A wait on a borrowed future leaves it to its owner at the deadline, and the owner
//! can wait for it again.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let (send, mut receive) = oneshot::channel();
    let error = (&mut receive)
        .wait_timeout(Duration::from_millis(10))
        .unwrap_err();
    assert!(
        matches!(
            error,
            WaitError::TimedOut {
                left: Leftover::Kept,
                ..
            }
        ),
        "{error}"
    );
    send.send(7).unwrap();
    assert_eq!(receive.wait(), Ok(7));
}
