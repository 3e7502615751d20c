//! A thread that waits and ends leaves no descriptor, no thread and no memory behind.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let round = || {
        let waits = || {
            wait(async { bridge::offload(|| 3).await + bridge::spawn(async { 4 }).await.unwrap() })
        };
        assert_eq!(thread::spawn(waits).join().unwrap(), 7);
    };
    (0..300).for_each(|_| round());
    let before = (process::descriptors(), process::memory());
    (0..600).for_each(|_| round());
    assert_eq!(process::descriptors(), before.0);
    let grown = process::memory().saturating_sub(before.1);
    assert!(grown < 2_048, "{grown} KiB more");
}
