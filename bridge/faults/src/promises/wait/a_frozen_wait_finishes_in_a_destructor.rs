//! `wait_frozen` lets a destructor finish its asynchronous clean-up in a current-thread
//! runtime, also while it unwinds.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`Handle::block_on` panics in a current-thread task.";

struct Session(Arc<AtomicUsize>);

impl Drop for Session {
    fn drop(&mut self) {
        let seven = bridge::wait_frozen(real_work());
        self.0.fetch_add(seven as usize, Ordering::SeqCst);
    }
}

pub(crate) fn run() {
    let closed = Arc::new(AtomicUsize::new(0));
    let session = || Session(Arc::clone(&closed));
    current_thread().block_on(async {
        drop(session());
        let held = session();
        let task = tokio::spawn(async move {
            let _held = held;
            panic!("on purpose");
        });
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(real_work().await, 7, "the runtime goes on");
    });
    assert_eq!(closed.load(Ordering::SeqCst), 14);
}
