//! A pool starts no thread before its first job, and if its size is set, never more than
//! `max_threads` for jobs that do not wait.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(3, 8);
    let before = process::threads();
    let lazy = bridge.offload(|| ());
    assert_eq!(bridge.metrics().threads, 0);
    assert_eq!(process::threads(), before);
    drop(lazy);
    let jobs = (0..60).map(|_| bridge.offload(|| thread::sleep(Duration::from_millis(2))));
    wait(join_all(jobs));
    assert_eq!(bridge.metrics().peak_threads, 3);
}
