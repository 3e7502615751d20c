//! A child that has an exit handler of its own, which runs after the bridge's.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use bridge::Wait;

/// A handler that was registered first runs last, and waits for a thread that needs home.
pub(crate) fn earlier_handler() {
    static WORKER: Mutex<Option<JoinHandle<()>>> = Mutex::new(None);
    static IS_LAST: AtomicBool = AtomicBool::new(false);

    extern "C" fn join() {
        IS_LAST.store(true, Ordering::Release);
        let worker = WORKER.lock().unwrap().take().unwrap();
        println!("panicked: {}", worker.join().is_err());
    }

    // SAFETY: `join` has the required signature, and it does not unwind.
    assert_eq!(unsafe { libc::atexit(join) }, 0);
    async { tokio::task::yield_now().await }.wait();
    let worker = thread::spawn(|| {
        while !IS_LAST.load(Ordering::Acquire) {
            thread::yield_now();
        }
        async { tokio::task::yield_now().await }.wait();
    });
    *WORKER.lock().unwrap() = Some(worker);
}
