//! A wait inside a job can listen to `cancellation`, which resolves when the caller leaves,
//! also in another task, and never without that.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (note, noted) = mpsc::channel();
    for in_a_task in [false, true] {
        let (start, started) = mpsc::channel();
        let (inner, note) = (bridge.clone(), note.clone());
        let job = bridge.offload(move || {
            let left = cancellation();
            let listens = async move {
                start.send(()).unwrap();
                tokio::select! {
                    () = left => "left",
                    () = sleep(Duration::from_hours(1)) => "slept",
                }
            };
            let heard = if in_a_task {
                let task = inner.spawn(listens);
                inner.wait(task).unwrap()
            } else {
                inner.wait(listens)
            };
            note.send(heard).unwrap();
        });
        let job = job.start();
        started.recv().unwrap();
        drop(job);
        assert_eq!(noted.recv(), Ok("left"));
    }
    let inner = bridge.clone();
    let stays = bridge.offload(move || {
        inner.wait(async {
            tokio::select! {
                () = cancellation() => "left",
                () = sleep(Duration::from_millis(5)) => "slept",
            }
        })
    });
    assert_eq!(wait(stays), "slept");
}
