//! A panic with the text of Tokio's shutdown passes through a wait whose own runtime
//! lives.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let text = "A Tokio 1.x context was found, but it is being shutdown.";
    assert_eq!(panic_of(|| wait(async { panic!("{text}") })), text);
}
