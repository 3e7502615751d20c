//! Waits nest inside the futures of other waits, a hundred deep and through boxes,
//! joins, selects and time limits.

use std::pin::Pin;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

fn descend(depth: usize) -> usize {
    if depth == 0 {
        return wait(real_work()) as usize;
    }
    let below = move || async move { descend(depth - 1) };
    let future: Pin<Box<dyn Future<Output = usize>>> = match depth % 4 {
        0 => Box::pin(below()),
        1 => Box::pin(async move { tokio::join!(below(), yield_now()).0 }),
        2 => Box::pin(async move {
            tokio::select! {
                value = below() => value,
                () = pending() => unreachable!(),
            }
        }),
        _ => Box::pin(async move {
            yield_now().await;
            tokio::time::timeout(Duration::from_hours(1), below())
                .await
                .unwrap()
        }),
    };
    wait(future) + 1
}

pub(crate) fn run() {
    let nested = || {
        assert_eq!(descend(100), 107, "on a thread");
        multi_thread(1).block_on(async { assert_eq!(descend(100), 107, "in a root") });
    };
    // So deep a recursion of any code needs more than the usual stack.
    let thread = thread::Builder::new().stack_size(64 << 20).spawn(nested);
    thread.unwrap().join().unwrap();
}
