//! A shutdown of a bridge waits for the blocking tasks of its home, for as long as its
//! grace, and ends home.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let done = Arc::new(AtomicBool::new(false));
    let (start, started) = mpsc::channel();
    let does = Arc::clone(&done);
    bridge.wait(async move {
        spawn_blocking(move || {
            start.send(()).unwrap();
            thread::sleep(Duration::from_millis(50));
            does.store(true, Ordering::SeqCst);
        });
    });
    started.recv().unwrap();
    let _nothing_left = bridge.shutdown(Duration::from_secs(30)).wait();
    assert!(done.load(Ordering::SeqCst));
    is_gone(&bridge.try_wait(async {}));
    is_gone(&bridge.handle());
}
