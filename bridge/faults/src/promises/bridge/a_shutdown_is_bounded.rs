//! A shutdown returns after its grace although a blocking task of home never ends.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (release, held) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    bridge.wait(async move {
        spawn_blocking(move || {
            start.send(()).unwrap();
            let _released = held.recv();
        });
    });
    started.recv().unwrap();
    let _report = bridge.shutdown(Duration::from_millis(20)).wait();
    is_gone(&bridge.try_wait(async {}));
    drop(release);
}
