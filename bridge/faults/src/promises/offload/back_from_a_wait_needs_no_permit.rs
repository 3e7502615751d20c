//! A job that comes back from a wait goes on without a permit, and no unrelated job
//! starts until the excess has drained.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 8);
    let (send, receive) = oneshot::channel::<()>();
    let (back, returned) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let inner = bridge.clone();
    let waits = bridge.offload(move || {
        inner.wait(receive).unwrap();
        back.send(()).unwrap();
        let _released = held.recv();
    });
    let waits = waits.start();
    eventually("it is parked", || bridge.metrics().blocked == 1);
    let plug = Plug::new(&bridge);
    // The one permit is taken now.
    send.send(()).unwrap();
    returned.recv().unwrap();
    let other = bridge.offload(|| ()).start();
    plug.release();
    // One runs, as many as there are permits: the other job has to wait.
    thread::sleep(Duration::from_millis(30));
    let metrics = bridge.metrics();
    assert_eq!((metrics.running, metrics.queued), (1, 1), "{metrics:?}");
    drop(release);
    wait(waits);
    wait(other);
}
