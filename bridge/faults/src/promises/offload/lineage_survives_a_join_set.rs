//! `Lineage::scope` carries the lineage through a `JoinSet`.

use tokio::task::JoinSet;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

use crate::kit::nest::with_hops;

pub(crate) fn run() {
    with_hops(|_, work| {
        let work = Lineage::current().scope(work);
        Box::pin(async move {
            let mut set = JoinSet::new();
            set.spawn(work);
            set.join_next().await.unwrap().unwrap()
        })
    });
}
