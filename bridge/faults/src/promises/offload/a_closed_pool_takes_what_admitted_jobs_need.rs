//! While a shutdown lets the admitted jobs finish, the pool still takes what these jobs wait
//! for.

use std::{
    pin::pin,
    task::{self, Waker},
};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(1, 1);
    let (tell, begun) = mpsc::channel();
    let (close, closed) = mpsc::channel::<()>();
    let own = bridge.clone();
    let job = bridge.offload(move || {
        tell.send(()).unwrap();
        assert!(closed.recv().is_err(), "the other side is dropped");
        let inner = own.clone();
        own.wait(async move { 1 + inner.offload(|| 2).await })
    });
    let job = job.start();
    begun.recv().unwrap();
    let mut shutdown = pin!(bridge.shutdown(Duration::from_secs(30)));
    let mut cx = task::Context::from_waker(Waker::noop());
    assert!(shutdown.as_mut().poll(&mut cx).is_pending());
    drop(close);
    // On a runtime of its own: the bridge's home ends too.
    let runtime = multi_thread(1);
    let report = runtime.block_on(shutdown);
    assert_eq!((report.completed, report.abandoned), (2, 0));
    assert_eq!(runtime.block_on(job), 3);
    let late = runtime.block_on(bridge.offload(|| ()).outcome());
    assert!(matches!(late, Err(OffloadError::ShutDown { .. })));
}
