//! A detached job runs, lazy, queued or running, also after the last handle to its pool
//! is gone, and its panic is logged.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    log::keep();
    let bridge = Bridge::builder()
        .max_threads(1)
        .queue_capacity(1)
        .build()
        .unwrap();
    let (note, noted) = mpsc::channel();
    let send = |text: &'static str| {
        let note = note.clone();
        move || note.send(text).unwrap()
    };
    bridge.offload(send("lazy")).detach();
    assert_eq!(noted.recv(), Ok("lazy"));
    let (job, release) = Plug::new(&bridge).into_parts();
    job.detach();
    bridge.offload(send("queued")).start().detach();
    bridge.offload(send("in line")).detach();
    bridge.offload(|| panic!("on purpose")).detach();
    drop(bridge);
    drop(release);
    assert_eq!(noted.recv(), Ok("queued"));
    assert_eq!(noted.recv(), Ok("in line"));
    eventually("the panic is logged", || {
        log::warnings()
            .iter()
            .any(|line| line.contains("on purpose"))
    });
}
