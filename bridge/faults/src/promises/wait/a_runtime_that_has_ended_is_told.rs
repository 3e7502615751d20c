//! A wait that begins on a runtime that has ended says `RuntimeGone` where the future
//! needs that runtime.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = multi_thread(1);
    let handle = runtime.handle().clone();
    let _guard = handle.enter();
    runtime.shutdown_background();
    is_gone(&try_wait(pending::<()>()));
    is_gone(&try_wait(sleep_inside()));
    is_gone(&try_wait(async {
        let _cancelled = tokio::spawn(async {}).await;
        pending::<()>().await;
    }));
    assert_eq!(
        try_wait(async { 7 }).unwrap(),
        7,
        "this one needs no runtime"
    );
}

async fn sleep_inside() {
    sleep(Duration::from_hours(1)).await;
}
