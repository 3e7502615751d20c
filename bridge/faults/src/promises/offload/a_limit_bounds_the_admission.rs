//! `run_timeout` gives the closure back if there is no room in the queue within the
//! limit.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let pool = bridge::Pool::builder()
        .max_threads(1)
        .queue_capacity(1)
        .build()
        .unwrap();
    let (release, held) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    let plug = pool.run(move || {
        start.send(()).unwrap();
        let _released = held.recv();
    });
    let plug = plug.start();
    started.recv().unwrap();
    let queued = pool.try_run(|| 1).unwrap();
    let rejected = wait(pool.run_timeout(|| 5, Duration::from_millis(20))).unwrap_err();
    assert!(rejected.is_timed_out(), "{rejected}");
    assert_eq!(rejected.into_inner()(), 5);
    drop(release);
    wait(plug);
    assert_eq!(wait(queued), 1);
    assert_eq!(
        wait(pool.run_timeout(|| 6, Duration::from_hours(1))).ok(),
        Some(6)
    );
}
