//! A shutdown runs what was admitted, within its grace, and reports how many jobs that
//! were.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let plug = Plug::new(&bridge);
    let jobs: Vec<_> = (0..10)
        .map(|number| {
            let job = bridge.offload(move || {
                thread::sleep(Duration::from_millis(5));
                (number, cancelled())
            });
            job.start()
        })
        .collect();
    let (job, release) = plug.into_parts();
    drop((job, release));
    let report = bridge.shutdown(Duration::from_secs(30)).wait();
    // The plug may end before the shutdown begins. Then it does not count.
    assert!((10..=11).contains(&report.completed), "{report:?}");
    assert_eq!((report.abandoned, report.cancelled), (0, 0));
    assert!(report.running.is_empty());
    // On a runtime of its own: the bridge's home has ended too.
    let values = multi_thread(1).block_on(join_all(jobs));
    assert!(values.into_iter().eq((0..10).map(|number| (number, false))));
}
