//! A shutdown reports each job that still runs, with its place and its age.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (release, held) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    let line = line!() + 1;
    let job = bridge.offload(move || {
        start.send(()).unwrap();
        let _released = held.recv();
    });
    let job = job.start();
    started.recv().unwrap();
    thread::sleep(Duration::from_millis(50));
    let report = bridge.shutdown(Duration::from_millis(10)).wait();
    assert_eq!(report.running.len(), 1);
    let left = report.running[0];
    assert_eq!((left.at.file(), left.at.line()), (file!(), line));
    assert!(left.age >= Duration::from_millis(50), "{left}");
    let outcome = multi_thread(1).block_on(job.outcome());
    assert!(
        matches!(outcome, Err(OffloadError::ShutDown { .. })),
        "{outcome:?}"
    );
    drop(release);
}
