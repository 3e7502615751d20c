//! A thread of the pool has no context after a job, whether the job has returned or
//! panicked, although the carrier takes no care of panics.

use bridge::Carrier;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

thread_local! {
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// Carries nothing if the number is 0. So a job without a context sees that of its thread.
struct Number;

impl Carrier for Number {
    type Context = u32;

    fn capture(&self) -> Option<u32> {
        Some(NUMBER.get()).filter(|number| *number != 0)
    }

    fn enter<R>(&self, number: &u32, body: impl FnOnce() -> R) -> R {
        NUMBER.set(*number);
        let result = body();
        NUMBER.set(0);
        result
    }
}

pub(crate) fn run() {
    let bridge = Bridge::builder().max_threads(1).carry(Number);
    let bridge = bridge.build().unwrap();
    for panics in [false, true] {
        NUMBER.set(7);
        let job = bridge.offload(move || {
            assert!(!panics, "on purpose");
            NUMBER.get()
        });
        assert_eq!(bridge.wait(job.outcome()).ok(), (!panics).then_some(7));
        NUMBER.set(0);
        assert_eq!(bridge.wait(bridge.offload(|| NUMBER.get())), 0);
    }
}
