//! The second thread in a current-thread runtime's `block_on` is refused a wait,
//! because it drives the runtime when the first leaves.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = Arc::new(current_thread());
    let (leave, may_leave) = oneshot::channel::<()>();
    let (start, started) = mpsc::channel();
    let drives = Arc::clone(&runtime);
    let first = thread::spawn(move || {
        drives.block_on(async {
            start.send(()).unwrap();
            let _left = may_leave.await;
        });
    });
    started.recv().unwrap();
    runtime.block_on(async {
        let (_keep, receive) = oneshot::channel::<u32>();
        is_refused(&try_wait(receive));
    });
    drop(leave);
    first.join().unwrap();
}
