//! The panic of a job whose caller has left is counted, and the thread serves the next
//! job.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (release, held) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    let job = bridge.offload(move || {
        start.send(()).unwrap();
        let _released = held.recv();
        panic!("on purpose");
    });
    let job: bridge::Offload<()> = job.start();
    started.recv().unwrap();
    drop(job);
    drop(release);
    eventually("it is counted", || bridge.metrics().panicked == 1);
    assert_eq!(wait(bridge.offload(|| 7)), 7);
    assert_eq!(bridge.metrics().peak_threads, 1);
}
