//! An executor goes on as before after a wait was refused on it.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    current_thread().block_on(async {
        for _ in 0..100 {
            is_refused(&try_wait(real_work()));
            assert_eq!(Context::current(), Context::Async);
        }
        assert_eq!(real_work().await, 7);
        assert_eq!(tokio::spawn(real_work()).await.unwrap(), 7);
        assert_eq!(bridge::offload(|| 7).await, 7);
    });
}
