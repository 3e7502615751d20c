//! A job gets a context of its own: neither its submitter nor another job sees what it
//! changes.

use bridge::Carrier;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

thread_local! {
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

struct Number;

impl Carrier for Number {
    type Context = u32;

    fn capture(&self) -> Option<u32> {
        Some(NUMBER.get())
    }

    fn enter<R>(&self, number: &u32, body: impl FnOnce() -> R) -> R {
        let before = NUMBER.replace(*number);
        let result = body();
        NUMBER.set(before);
        result
    }
}

pub(crate) fn run() {
    let bridge = Bridge::builder().max_threads(4).carry(Number);
    let bridge = bridge.build().unwrap();
    NUMBER.set(7);
    let jobs = (0..1000).map(|job| bridge.offload(move || NUMBER.replace(job)));
    assert!(bridge.wait(join_all(jobs)).iter().all(|seen| *seen == 7));
    assert_eq!(NUMBER.get(), 7);
}
