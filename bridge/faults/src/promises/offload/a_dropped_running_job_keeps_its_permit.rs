//! Dropping the future of a running job lets it end, and its permit stays taken until
//! then.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (job, release) = Plug::new(&bridge).into_parts();
    drop(job);
    let next = bridge.offload(|| 7).start();
    thread::sleep(Duration::from_millis(30));
    let metrics = bridge.metrics();
    assert_eq!((metrics.running, metrics.queued), (1, 1), "{metrics:?}");
    drop(release);
    assert_eq!(wait(next), 7);
    assert_eq!(bridge.metrics().completed, 2);
}
