//! Spans of both worlds, nested in each other both ways, are parents and children in
//! OpenTelemetry's export.

use bridge::{OffloadError, smartasync};
use testkit::within;
use tracing::{info_span, instrument};

use super::*;

static BRIDGE: LazyLock<Bridge> = LazyLock::new(bridge);

#[smartasync(bridge = BRIDGE)]
#[instrument]
fn query(key: u32) -> u32 {
    refresh(key).wait() + 1
}

#[smartasync(bridge = BRIDGE)]
#[instrument]
async fn refresh(key: u32) -> u32 {
    let task = BRIDGE.spawn(announce(key));
    task.await.unwrap()
}

#[instrument]
async fn announce(key: u32) -> u32 {
    tokio::task::yield_now().await;
    write(key).await
}

#[smartasync(bridge = BRIDGE)]
#[instrument]
fn write(key: u32) -> u32 {
    bridge::wait(BRIDGE.offload(move || info_span!("innermost").in_scope(|| key * 2)))
}

#[instrument]
async fn request() -> u32 {
    query(20).await
}

#[test]
fn async_to_sync_to_async_and_so_on_is_one_chain() {
    within(|| {
        assert_eq!(BRIDGE.wait(request()), 41);
        TELEMETRY.check_chain(&[
            "request",
            "query",
            "refresh",
            "announce",
            "write",
            "innermost",
        ]);
    });
}

/// Both branches of a join have the same parent, and neither is the parent of the other.
#[test]
fn branches_of_a_join_have_one_parent() {
    within(|| {
        let bridge = bridge();
        {
            let _entered = info_span!("forks").entered();
            let job = |name| {
                let inside = move || info_span!("branch", otel.name = name).in_scope(path);
                bridge.offload(inside)
            };
            bridge.wait(async { tokio::join!(job("left"), job("right")) });
        }
        TELEMETRY.check_chain(&["forks", "left"]);
        TELEMETRY.check_chain(&["forks", "right"]);
    });
}

#[test]
fn a_job_that_panics_ends_its_spans() {
    within(|| {
        let bridge = bridge();
        {
            let _entered = info_span!("before the panic").entered();
            let panics = || info_span!("in the panic").in_scope(|| std::panic::panic_any(()));
            let outcome: Result<(), _> = bridge.wait(bridge.offload(panics).outcome());
            assert!(matches!(outcome, Err(OffloadError::Panicked(_))));
            bridge.wait(bridge.offload(|| info_span!("after the panic").in_scope(|| ())));
        }
        TELEMETRY.check_chain(&["before the panic", "in the panic"]);
        TELEMETRY.check_chain(&["before the panic", "after the panic"]);
    });
}
