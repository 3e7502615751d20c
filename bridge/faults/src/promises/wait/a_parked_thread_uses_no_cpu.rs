//! A wait that is parked uses no processor time after a bounded spin.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    assert_eq!(wait(real_work()), 7);
    let clock = process::CpuClock::start();
    for _ in 0..5 {
        wait(async { sleep(Duration::from_millis(200)).await });
    }
    let used = clock.used();
    assert!(used < Duration::from_millis(100), "{used:?} in a second");
}
