//! A waker that outlives its wait, and is woken at any time, disturbs no later wait.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let mut kept = Vec::new();
    for _ in 0..100 {
        wait(poll_fn(|cx| {
            kept.push(cx.waker().clone());
            Poll::Ready(())
        }));
    }
    let over = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&over);
    let noise = thread::spawn(move || {
        while !until.load(Ordering::SeqCst) {
            kept.iter().for_each(std::task::Waker::wake_by_ref);
            thread::sleep(Duration::from_micros(50));
        }
    });
    for _ in 0..20 {
        assert_eq!(wait(real_work()), 7);
        is_timed_out(&pending::<()>().wait_timeout(Duration::from_millis(2)));
    }
    over.store(true, Ordering::SeqCst);
    noise.join().unwrap();
}
