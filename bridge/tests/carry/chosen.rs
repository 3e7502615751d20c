//! The carriers of the bridge that a call has chosen count.

use std::sync::LazyLock;

use bridge::{BoxCall, Call, smartasync};
use testkit::within;

use super::*;

static OTHER: LazyLock<Bridge> = LazyLock::new(carries_word);

#[smartasync]
fn word(_: &str) -> &'static str {
    WORD.get()
}

#[smartasync(bridge = OTHER)]
fn other_word(_: &str) -> &'static str {
    WORD.get()
}

struct Service {
    bridge: Bridge,
}

impl Clone for Service {
    fn clone(&self) -> Self {
        Self {
            bridge: self.bridge.clone(),
        }
    }
}

impl Service {
    #[smartasync(bridge = self.bridge)]
    fn word(&self) -> &'static str {
        WORD.get()
    }
}

/// Runs a future on a new runtime, with a word on its thread.
fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    within(|| with_word("here", || runtime.block_on(future)))
}

#[test]
fn an_await_of_a_smart_fn_carries() {
    run(async {
        let bridge = carries_word();
        assert_eq!(word("x").await, "", "the global bridge carries no word");
        assert_eq!(word("x").on(&bridge).await, "here");
        assert_eq!(other_word("x").await, "here");
        assert_eq!(Service { bridge }.word().await, "here");
    });
}

#[test]
fn so_does_each_other_way_to_its_job() {
    run(async {
        let bridge = carries_word();
        assert_eq!(word("x").on(&bridge).offload().await, "here");
        assert_eq!(other_word("x").offload().start().await, "here");
        assert_eq!(other_word("x").try_offload().unwrap().await, "here");
        assert_eq!(word("x").on(&bridge).dispatch().await, "here");
        assert_eq!(BoxCall::new(word("x")).on(&bridge).await, "here");
        assert_eq!(BoxCall::new(other_word("x")).await, "here");
        assert_eq!(
            BoxCall::new(other_word("x")).offload().unwrap().await,
            "here"
        );
        assert_eq!(Call::on(word("x"), &bridge).await, "here");
        assert_eq!(tokio::spawn(other_word("x")).await.unwrap(), "here");
    });
}

/// A wait with a limit runs the function on the pool, so its context has to be carried.
#[test]
fn so_does_a_wait_with_a_limit() {
    within(|| {
        let limit = std::time::Duration::from_secs(20);
        let word = with_word("here", || other_word("x").wait_timeout(limit));
        assert_eq!(word.unwrap(), "here");
    });
}
