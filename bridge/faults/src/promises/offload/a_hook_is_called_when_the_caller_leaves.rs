//! If the caller of a running job leaves, by dropping, by `cancel`, by a time limit or by a
//! shutdown, the job's hook is called once, on the thread that cancels.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

/// Starts a job that blocks until its hook is called. Returns what the hook notes.
fn blocked(bridge: &Bridge) -> (bridge::Offload<()>, mpsc::Receiver<thread::ThreadId>) {
    let (note, noted) = mpsc::channel();
    let (start, started) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let job = bridge.offload(move || {
        let guard = on_cancel(move || {
            note.send(thread::current().id()).unwrap();
            drop(release);
        });
        start.send(()).unwrap();
        let _released = held.recv();
        assert!(cancelled());
        drop(guard);
    });
    let job = job.start();
    started.recv().unwrap();
    (job, noted)
}

pub(crate) fn run() {
    let bridge = Bridge::builder()
        .max_threads(1)
        .cancel_grace(Duration::from_secs(30))
        .build()
        .unwrap();
    let here = [thread::current().id()];
    let (job, noted) = blocked(&bridge);
    drop(job);
    assert_eq!(noted.iter().collect::<Vec<_>>(), here);
    let (job, noted) = blocked(&bridge);
    assert_eq!(job.cancel(), Cancelled::Running);
    wait(job);
    assert_eq!(noted.iter().collect::<Vec<_>>(), here);
    let (job, noted) = blocked(&bridge);
    is_timed_out(&job.wait_timeout(Duration::from_millis(5)));
    assert_eq!(noted.iter().collect::<Vec<_>>(), here);
    // A job that waits for the end of its hook is parked, so the next job may begin before the
    // last one has ended.
    eventually("the last job has ended", || {
        let metrics = bridge.metrics();
        metrics.running + metrics.blocked == 0
    });
    let (job, noted) = blocked(&bridge);
    let report = bridge.shutdown(Duration::ZERO).wait();
    assert_eq!((report.cancelled, report.running.len()), (1, 0));
    assert_eq!(noted.iter().collect::<Vec<_>>(), here);
    wait(job);
}
