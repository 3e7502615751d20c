//! A job sees the context in which it was submitted: at the first poll, by `start`,
//! `try_offload` or `detach`, and by an `.await` of a smart `fn`.

use crate::kit::context::{REQUEST, carries_request, request, smart_request};

use crate::prelude::*;

pub(crate) const PEERS: &str = "`spawn_blocking` carries nothing.";

pub(crate) fn run() {
    let bridge = carries_request(1, 1);
    let in_request = |number, work: &dyn Fn()| REQUEST.sync_scope(number, work);
    let made = bridge.offload(request);
    in_request(1, &|| {
        assert_eq!(bridge.wait(bridge.offload(request)), Some(1));
    });
    in_request(2, &|| {
        let started = bridge.offload(request).start();
        assert_eq!(REQUEST.sync_scope(3, || bridge.wait(started)), Some(2));
        let tried = bridge.try_offload(request).unwrap();
        assert_eq!(bridge.wait(tried), Some(2));
        let (tell, told) = mpsc::channel();
        let detached = bridge.offload(move || tell.send(request()).unwrap());
        detached.detach();
        assert_eq!(told.recv().unwrap(), Some(2));
    });
    assert_eq!(REQUEST.sync_scope(4, || bridge.wait(made)), Some(4));
    multi_thread(1).block_on(REQUEST.scope(5, async {
        assert_eq!(smart_request().on(&bridge).await, Some(5));
    }));
}
