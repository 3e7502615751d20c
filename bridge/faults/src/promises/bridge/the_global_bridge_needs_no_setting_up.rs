//! The global bridge works without any setting up, from any thread, and is one and the
//! same.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let home = |id: tokio::runtime::Id| id;
    let threads: Vec<_> = (0..16)
        .map(|_| {
            thread::spawn(move || {
                assert_eq!(wait(bridge::offload(|| 7)), 7);
                home(wait(async { Handle::current().id() }))
            })
        })
        .collect();
    let ids: Vec<_> = threads
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}
