//! A call carries by the bridge on which it runs, as `on` or the attribute has chosen it.

use bridge::smartasync;

use crate::kit::context::{REQUEST, carries_request, request, smart_request};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

#[smartasync(bridge = carries_request(1, 1))]
fn chosen_request() -> Option<u32> {
    request()
}

pub(crate) fn run() {
    let bridge = carries_request(1, 1);
    multi_thread(1).block_on(REQUEST.scope(7, async {
        assert_eq!(smart_request().await, None);
        assert_eq!(smart_request().on(&bridge).await, Some(7));
        assert_eq!(chosen_request().await, Some(7));
        assert_eq!(chosen_request().on(Bridge::global()).await, None);
    }));
}
