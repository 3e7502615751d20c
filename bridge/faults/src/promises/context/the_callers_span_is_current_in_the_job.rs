//! The span of the caller is current in its job and in its task, unless `carry_span(false)` was
//! set, and the pool's thread leaves it again.

use tracing::{Id, Span};

use crate::prelude::*;

pub(crate) const PEERS: &str = "`spawn_blocking` and `tokio::spawn` carry no span.";

fn current() -> Option<Id> {
    Span::current().id()
}

#[bridge::smartasync]
fn current_in_call() -> Option<Id> {
    current()
}

pub(crate) fn run() {
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    let builder = || Bridge::builder().worker_threads(1).max_threads(1);
    let bridge = builder().build().unwrap();
    let plain = builder().carry_span(false).build().unwrap();
    let span = tracing::info_span!("request");
    let own = span.id();
    assert!(own.is_some(), "the subscriber takes the span");
    span.in_scope(|| {
        assert_eq!(bridge.wait(bridge.offload(current)), own);
        let tried = bridge.try_offload(current).unwrap();
        assert_eq!(bridge.wait(tried), own);
        let call = current_in_call().on(&bridge).offload();
        assert_eq!(bridge.wait(call), own);
        let task = bridge.spawn(async {
            yield_now().await;
            current()
        });
        assert_eq!(bridge.wait(task).unwrap(), own);
        assert_eq!(plain.wait(plain.offload(current)), None);
    });
    assert_eq!(bridge.wait(bridge.offload(current)), None, "it is left");
}
