//! A wake-up of an outer wait does not end an inner one, and neither loses a wake-up.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let (outer_send, mut outer) = oneshot::channel();
    let (inner_send, inner) = oneshot::channel();
    let (go, may_go) = mpsc::channel();
    let sender = thread::spawn(move || {
        may_go.recv().unwrap();
        thread::sleep(Duration::from_millis(20));
        outer_send.send(3).unwrap();
        thread::sleep(Duration::from_millis(20));
        inner_send.send(4).unwrap();
    });
    let mut inner = Some(inner);
    let sum = wait(poll_fn(|cx| {
        // The outer waker is left with the first channel before the inner wait.
        let first = std::pin::pin!(&mut outer).poll(cx);
        if let Some(inner) = inner.take() {
            assert!(first.is_pending());
            go.send(()).unwrap();
            assert_eq!(wait(inner), Ok(4));
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        first.map(|three| three.unwrap() + 4)
    }));
    assert_eq!(sum, 7);
    sender.join().unwrap();
}
