//! Any number of threads may wait at once on the same bridge.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let together = Arc::new(Barrier::new(64));
    let threads: Vec<_> = (0..64)
        .map(|_| {
            let together = Arc::clone(&together);
            thread::spawn(move || {
                together.wait();
                (0..5).map(|_| wait(real_work())).sum::<u32>()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), 35);
    }
}
