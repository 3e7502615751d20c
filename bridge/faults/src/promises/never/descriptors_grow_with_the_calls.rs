//! The number of open file descriptors does not grow with the number of calls.

use crate::kit::calls;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(2, 2);
    calls::each_kind(&bridge, 100);
    let before = process::descriptors();
    calls::each_kind(&bridge, 1_000);
    assert_eq!(process::descriptors(), before);
    // A bridge that comes and goes leaves none either.
    for _ in 0..20 {
        let own = bridge_of(1, 1);
        assert_eq!(own.wait(real_work()), 7);
        let _nothing_left = own.shutdown(Duration::from_secs(5)).wait();
    }
    eventually("as many as before", || process::descriptors() == before);
}
