//! A thread that unwinds from a panic is lent no job, which would see that panic.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

struct WaitsInDrop(Bridge, mpsc::Sender<Result<bool, WaitError>>);

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        let outcome = self.0.try_wait(self.0.offload(thread::panicking));
        self.1.send(outcome).unwrap();
    }
}

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (outer, (send, receive)) = (bridge.clone(), mpsc::channel());
    let job = bridge.offload(move || {
        let inner = outer.clone();
        outer.wait(outer.offload(move || {
            let _waits = WaitsInDrop(inner, send);
            panic!("on purpose");
        }))
    });
    assert_eq!(panic_of(|| wait(job)), "on purpose");
    let outcome = receive.recv().unwrap();
    assert!(
        matches!(outcome, Ok(false) | Err(WaitError::PoolExhausted { .. })),
        "{outcome:?}"
    );
}
