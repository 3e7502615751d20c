//! A job may shut its own pool down and wait for that, and the jobs that are queued
//! still run.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    for (threads, blocked) in [(1, 1), (2, 1), (1, 4)] {
        let pool = bridge::Pool::builder().max_threads(threads);
        let pool = pool.max_blocked_threads(blocked).build().unwrap();
        let own = pool.clone();
        let (report, seven) = wait(pool.run(move || {
            let queued = own.run(|| 7).start();
            let report = own.shutdown(Duration::MAX).wait();
            (report, wait(queued))
        }));
        assert_eq!((report.abandoned, report.running.len(), seven), (0, 0, 7));
    }
}
