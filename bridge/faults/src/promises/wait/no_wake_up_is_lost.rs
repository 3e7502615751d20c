//! A wake-up that comes at any moment around the park ends the wait.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let (give, take) = mpsc::channel::<oneshot::Sender<u32>>();
    let sender = thread::spawn(move || {
        for (round, send) in take.into_iter().enumerate() {
            // From before the first poll to well after the park.
            for _ in 0..round % 64 * 40 {
                std::hint::spin_loop();
            }
            send.send(7).unwrap();
        }
    });
    let spinless = Bridge::builder().spin(Duration::ZERO).build().unwrap();
    for bridge in [Bridge::global(), &spinless] {
        for _ in 0..2_000 {
            let (send, receive) = oneshot::channel();
            give.send(send).unwrap();
            assert_eq!(bridge.wait(receive), Ok(7));
        }
    }
    drop(give);
    sender.join().unwrap();
}
