//! `Lineage::scope` carries the lineage through a channel to a task that nobody in the
//! chain has spawned.

use std::sync::LazyLock;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::kit::nest::{Work, with_hops};

/// An actor that runs what it receives, each in a task of its own.
static ACTOR: LazyLock<UnboundedSender<(Work, oneshot::Sender<usize>)>> = LazyLock::new(|| {
    let (send, mut receive) = unbounded_channel::<(Work, oneshot::Sender<usize>)>();
    Bridge::global().handle().unwrap().spawn(async move {
        while let Some((work, reply)) = receive.recv().await {
            tokio::spawn(async move { reply.send(work.await) });
        }
    });
    send
});

pub(crate) fn run() {
    with_hops(|_, work| {
        let (reply, replied) = oneshot::channel();
        let work: Work = Box::pin(Lineage::current().scope(work));
        ACTOR.send((work, reply)).unwrap();
        Box::pin(async move { replied.await.unwrap() })
    });
}
