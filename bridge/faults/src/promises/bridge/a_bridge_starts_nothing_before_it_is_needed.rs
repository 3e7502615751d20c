//! A bridge starts no thread and opens no descriptor before it is used.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let before = (process::threads(), process::descriptors());
    let bridges: Vec<_> = (0..50).map(|_| default_bridge()).collect();
    assert_eq!((process::threads(), process::descriptors()), before);
    assert_eq!(bridges[0].wait(async { 7 }), 7);
}
