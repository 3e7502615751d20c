//! A deadline also ends a wait whose future wakes itself again and again.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let busy = poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    is_timed_out(&busy.wait_timeout(Duration::from_millis(20)));
    let in_task = async {
        let yields = async {
            loop {
                yield_now().await;
            }
        };
        yields.wait_timeout(Duration::from_millis(20)).map(|()| 0)
    };
    let runtime = multi_thread(1);
    is_timed_out(&runtime.block_on(runtime.spawn(in_task)).unwrap());
}
