//! The shutdown of a bridge ends the waits that are parked on its home, and each later
//! one, with `RuntimeGone`.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (poll, polled) = mpsc::channel();
    let waits = bridge.clone();
    let waiter = thread::spawn(move || {
        waits.try_wait(async {
            poll.send(()).unwrap();
            pending::<()>().await;
        })
    });
    polled.recv().unwrap();
    let _nothing_ran = bridge.shutdown(Duration::from_secs(5)).wait();
    is_gone(&waiter.join().unwrap());
    is_gone(&bridge.try_wait(async {}));
}
