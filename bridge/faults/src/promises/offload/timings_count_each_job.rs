//! With `timings` on, each job that ran is measured once, before its caller sees the
//! result.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let builder = Bridge::builder().max_threads(2).timings(true);
    let bridge = builder.build().unwrap();
    for count in 1..=200 {
        let pause = Duration::from_millis(u64::from(count == 200) * 20);
        wait(bridge.offload(move || thread::sleep(pause)));
        let metrics = bridge.metrics();
        let (queued, ran) = (metrics.queued_for.unwrap(), metrics.ran_for.unwrap());
        assert_eq!((queued.count, ran.count), (count, count));
    }
    let ran = bridge.metrics().ran_for.unwrap();
    assert!(ran.max >= Duration::from_millis(20), "{ran:?}");
    assert!(ran.p50 <= ran.p90 && ran.p90 <= ran.p99 && ran.p99 <= ran.max);
}
