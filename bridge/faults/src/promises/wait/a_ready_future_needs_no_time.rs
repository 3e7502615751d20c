//! A wait polls before it parks, so a ready future needs no time.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    assert_eq!(async { 7 }.wait_timeout(Duration::ZERO).unwrap(), 7);
    let in_root = async { async { 7 }.wait_timeout(Duration::ZERO).unwrap() };
    assert_eq!(multi_thread(1).block_on(in_root), 7);
    let in_task = async { async { 7 }.wait_timeout(Duration::ZERO).unwrap() };
    let runtime = multi_thread(1);
    assert_eq!(runtime.block_on(runtime.spawn(in_task)).unwrap(), 7);
}
