//! `cancelled` is true in a job whose caller has left, and false in every other place.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(2, 1);
    let (see, seen) = mpsc::channel();
    let job = bridge.offload(move || {
        see.send(cancelled()).unwrap();
        while !cancelled() {
            thread::yield_now();
        }
        see.send(cancelled()).unwrap();
    });
    let job = job.start();
    assert_eq!(seen.recv(), Ok(false));
    assert!(!wait(bridge.offload(cancelled)), "in another job");
    drop(job);
    assert_eq!(seen.recv(), Ok(true));
    assert!(!cancelled(), "outside of jobs");
    assert!(!wait(bridge.offload(cancelled)), "in a later job");
}
