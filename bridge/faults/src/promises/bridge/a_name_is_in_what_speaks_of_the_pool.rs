//! The name of a bridge is the name of its threads, and is in its figures, reports and
//! errors.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let builder = Bridge::builder().name("db").max_threads(1);
    let bridge = builder.max_blocked_threads(1).build().unwrap();
    let thread = || thread::current().name().map(str::to_owned);
    assert_eq!(wait(bridge.offload(thread)).as_deref(), Some("db"));
    assert_eq!(bridge.metrics().name.as_str(), Some("db"));
    assert!(bridge.report().to_string().starts_with("pool `db`: "));
    let (outer, inner) = (bridge.clone(), bridge.clone());
    let exhausted = wait(
        bridge.offload(move || outer.wait(outer.offload(move || inner.try_wait(pending::<()>())))),
    );
    let exhausted = exhausted.unwrap_err();
    assert!(exhausted.to_string().contains("pool `db`"), "{exhausted}");
    assert!(exhausted.report().is_some(), "{exhausted}");
    let report = bridge.shutdown(Duration::ZERO).wait();
    assert_eq!(report.pool.as_str(), Some("db"));
    let refused = bridge.try_offload(|| ()).unwrap_err();
    assert!(refused.to_string().contains("pool `db`"), "{refused}");
}
