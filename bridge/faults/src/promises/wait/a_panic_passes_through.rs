//! A panic of the future passes through a wait, with its payload.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    assert_eq!(
        panic_of(|| wait(async { panic!("in the first poll") })),
        "in the first poll"
    );
    let later = async {
        sleep(Duration::from_millis(5)).await;
        panic_any(7_u8);
    };
    let payload = catch_unwind(AssertUnwindSafe(|| wait(later))).unwrap_err();
    assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
    let in_task = async {
        panic_of(|| {
            wait(async {
                yield_now().await;
                panic!("in a task")
            })
        })
    };
    let runtime = multi_thread(1);
    let text = runtime.block_on(runtime.spawn(in_task)).unwrap();
    assert_eq!(text, "in a task");
}
