//! A runtime that ends at any moment of a wait ends that wait with `RuntimeGone`.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    for round in 0..60_u64 {
        let runtime = multi_thread(1);
        let handle = runtime.handle().clone();
        let (poll, polled) = mpsc::channel();
        let waiter = thread::spawn(move || -> Result<(), WaitError> {
            let _guard = handle.enter();
            loop {
                let _unheard = poll.send(());
                try_wait(async { sleep(Duration::from_micros(50)).await })?;
            }
        });
        polled.recv().unwrap();
        thread::sleep(Duration::from_micros(round % 20 * 10));
        runtime.shutdown_background();
        is_gone(&waiter.join().unwrap());
    }
}
