//! After a program has raised the stack limit of its main thread, more waits fit on that stack.

use std::pin::Pin;

use crate::{kit::stack_limit::set_stack_limit, prelude::*};

pub(crate) const PEERS: &str = "";

const MEBIBYTE: u64 = 1 << 20;

/// Nests a wait in a wait, and so on. Returns how many fit on the stack.
fn descend() -> usize {
    let below: Pin<Box<dyn Future<Output = usize>>> = Box::pin(async { descend() });
    try_wait(below).map_or(0, |below| below + 1)
}

pub(crate) fn run() {
    set_stack_limit(MEBIBYTE);
    let before = descend();
    set_stack_limit(2 * MEBIBYTE);
    let after = descend();
    assert!(before > 0 && after > before * 3 / 2, "{before} and {after}");
}
