//! A value that spawns a task in its destructor may be dropped in sync code under the
//! guard of `enter`.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

struct SpawnsOnDrop(Option<oneshot::Sender<u32>>);

impl Drop for SpawnsOnDrop {
    fn drop(&mut self) {
        let send = self.0.take().unwrap();
        tokio::spawn(async move { send.send(7) });
    }
}

pub(crate) fn run() {
    let (send, receive) = oneshot::channel();
    {
        let _entered = bridge::enter();
        drop(SpawnsOnDrop(Some(send)));
    }
    assert_eq!(receive.wait(), Ok(7));
}
