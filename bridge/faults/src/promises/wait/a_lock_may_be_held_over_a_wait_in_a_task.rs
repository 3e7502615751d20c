//! A task may hold a lock over a wait for what another task of its worker sends.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let lock = Arc::new(Mutex::new(0));
    multi_thread(1).block_on(async {
        let (send, receive) = oneshot::channel();
        let shared = Arc::clone(&lock);
        let holder = tokio::spawn(async move { *shared.lock().unwrap() = wait(receive).unwrap() });
        tokio::spawn(async move { send.send(7).unwrap() })
            .await
            .unwrap();
        holder.await.unwrap();
    });
    assert_eq!(*lock.lock().unwrap(), 7);
}
