//! Tasks of two runtimes may wait for each other in turn, a hundred deep.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

fn descend(here: Handle, there: &Handle, depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let (next, after) = (there.clone(), here);
    let task = there.spawn(async move { descend(next, &after, depth - 1) });
    wait(task).unwrap() + 1
}

pub(crate) fn run() {
    let (first, second) = (multi_thread(1), multi_thread(1));
    let handles = (first.handle().clone(), second.handle().clone());
    assert_eq!(descend(handles.0.clone(), &handles.1, 100), 100);
    let task = first.spawn(async move { descend(handles.0, &handles.1, 100) });
    assert_eq!(first.block_on(task).unwrap(), 100);
}
