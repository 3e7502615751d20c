//! A pool whose size was set does not grow when it stands still, but warns.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    log::keep();
    let bridge = bridge_of(2, 8);
    let (send, receive) = mpsc::channel::<()>();
    let receive = Arc::new(Mutex::new(receive));
    let blocked: Vec<_> = (0..2)
        .map(|_| {
            let receive = Arc::clone(&receive);
            bridge
                .offload(move || receive.lock().unwrap().recv().is_err())
                .start()
        })
        .collect();
    let behind = bridge.offload(|| 7).start();
    eventually("it warns", || !log::warnings().is_empty());
    assert_eq!(bridge.metrics().peak_threads, 2);
    drop(send);
    assert_eq!(wait(join_all(blocked)), [true, true]);
    assert_eq!(wait(behind), 7);
}
