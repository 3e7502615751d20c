//! A thread that waits and ends leaves no descriptor, no thread and no memory behind.

use crate::{MEMORY, prelude::*};

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let round = || {
        let waits = || {
            wait(async { bridge::offload(|| 3).await + bridge::spawn(async { 4 }).await.unwrap() })
        };
        assert_eq!(thread::spawn(waits).join().unwrap(), 7);
    };
    (0..300).for_each(|_| round());
    let threads = process::threads();
    let before = (process::descriptors(), process::memory());
    let grown = MEMORY.check(120, || (0..120).for_each(|_| round()));
    assert_eq!(grown, Ok(()));
    eventually("no more threads", || process::threads() <= threads);
    assert_eq!(process::descriptors(), before.0);
    // Stacks, for example, which Rust's allocator does not count.
    let grown = process::memory().saturating_sub(before.1);
    assert!(grown < 2_048, "{grown} KiB more");
}
