//! A bridge that has work no more uses no processor time.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = default_bridge();
    let jobs: Vec<_> = (0..1_000).map(|_| bridge.offload(|| ()).start()).collect();
    bridge.wait(join_all(jobs));
    assert_eq!(bridge.wait(real_work()), 7);
    // Until the last thread that looks for work has gone to sleep.
    thread::sleep(Duration::from_millis(50));
    let threads = process::threads();
    let clock = process::CpuClock::start();
    thread::sleep(Duration::from_secs(1));
    let used = clock.used();
    assert!(threads > 2, "there is a bridge to be idle");
    println!("{used:?} of processor time in a second");
    assert!(used < Duration::from_millis(10), "{used:?}");
}
