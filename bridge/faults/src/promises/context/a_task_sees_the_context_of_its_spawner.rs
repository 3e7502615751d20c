//! Each poll of a task of `bridge::spawn` sees the context of its spawner, and so does its
//! drop.

use crate::kit::context::{REQUEST, carries_request, request};

use crate::prelude::*;

pub(crate) const PEERS: &str = "`tokio::spawn` carries nothing.";

struct Tells(mpsc::Sender<Option<u32>>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.send(request()).unwrap();
    }
}

pub(crate) fn run() {
    let bridge = carries_request(1, 1);
    let polls = async {
        let first = request();
        sleep(Duration::from_millis(1)).await;
        (first, request())
    };
    let task = REQUEST.sync_scope(7, || bridge.spawn(polls));
    assert_eq!(bridge.wait(task).unwrap(), (Some(7), Some(7)));
    let (tell, told) = mpsc::channel();
    let tells = Tells(tell);
    let (begin, first_poll) = oneshot::channel();
    let task = REQUEST.sync_scope(8, || {
        bridge.spawn(async move {
            let _tells = tells;
            begin.send(()).unwrap();
            pending::<()>().await;
        })
    });
    bridge.wait(first_poll).unwrap();
    task.abort();
    assert_eq!(told.recv().unwrap(), Some(8));
}
