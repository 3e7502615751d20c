//! A wait takes all that can be awaited, a builder as well as a future.

use std::pin::Pin;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

struct Query(u32);

impl IntoFuture for Query {
    type Output = u32;
    type IntoFuture = Pin<Box<dyn Future<Output = u32>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { real_work().await + self.0 })
    }
}

pub(crate) fn run() {
    assert_eq!(Query(1).wait(), 8);
    assert_eq!(wait(Query(2)), 9);
    assert_eq!(Query(3).wait_timeout(Duration::from_hours(1)).unwrap(), 10);
    assert_eq!(Bridge::global().wait(Query(4)), 11);
}
