//! In a build with debug assertions, the `.wait()` of a smart `fn` that freezes a poll for over
//! 100 ms warns once, and names its place.

use bridge::smartasync;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

#[smartasync]
fn slow() {
    thread::sleep(Duration::from_millis(150));
}

pub(crate) fn run() {
    log::keep();
    slow().wait();
    let runtime = current_thread();
    runtime.block_on(async { slow().await });
    assert_eq!(log::warnings(), [""; 0], "no poll was frozen");
    let line = line!() + 2;
    runtime.block_on(async {
        (0..2).for_each(|_| slow().wait());
    });
    let warnings = log::warnings();
    if !cfg!(debug_assertions) {
        assert_eq!(warnings, [""; 0], "only such a build looks");
        return;
    }
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let place = format!("{}:{line}:", file!());
    for part in ["froze the executor", "slow", &place] {
        assert!(warnings[0].contains(part), "{part}: {warnings:?}");
    }
}
