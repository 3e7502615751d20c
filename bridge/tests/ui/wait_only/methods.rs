//! The methods that may leave the thread report the same error as `.await`.
use std::time::Duration;

use bridge::smartasync;

#[smartasync]
fn push(list: &mut Vec<u8>) {
    list.push(1);
}

fn main() {
    let mut list = vec![];
    push(&mut list).dispatch();
    let _ = push(&mut list).wait_timeout(Duration::from_secs(1));
    let _ = push(&mut list).offload();
    let _ = push(&mut list).try_offload();
    push(&mut list).on(bridge::Bridge::global()).wait();
}
