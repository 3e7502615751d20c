//! A wait in a multi-thread root parks only that root.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = multi_thread(1);
    runtime.block_on(async {
        let ticks = Arc::new(AtomicUsize::new(0));
        let ticking = Arc::clone(&ticks);
        let others = tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(1)).await;
                ticking.fetch_add(1, Ordering::SeqCst);
            }
        });
        assert_eq!(wait(tokio::spawn(real_work())).unwrap(), 7);
        let before = ticks.load(Ordering::SeqCst);
        wait(async {
            while ticks.load(Ordering::SeqCst) < before + 5 {
                sleep(Duration::from_millis(1)).await;
            }
        });
        others.abort();
        assert_eq!(Context::current(), Context::Async);
    });
}
