//! Checks a subscriber that waits, on a bridge that logs its waits.
//!
//! This is a test target of its own, because it sets the global subscriber.
//! `tracing` does not guard that one against recursion, as it guards the
//! subscriber of a single thread.

use std::sync::{
    LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use bridge::{Bridge, smartasync};
use testkit::within;
use tracing::{Event, Metadata, Subscriber, span};

static LOGGED: LazyLock<Bridge> = LazyLock::new(|| {
    let builder = Bridge::builder().worker_threads(1).debug(true);
    builder.build().unwrap()
});

static EVENTS: AtomicUsize = AtomicUsize::new(0);

/// Calls a function for each event that logs events too.
struct Sends;

#[smartasync(debug)]
async fn send() {
    tokio::task::yield_now().await;
}

impl Subscriber for Sends {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("bridge")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        EVENTS.fetch_add(1, Ordering::Relaxed);
        LOGGED.wait(send());
        send().wait();
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_subscriber_that_waits_does_not_hear_of_itself() {
    within(|| {
        tracing::subscriber::set_global_default(Sends).unwrap();
        LOGGED.wait(async {});
        assert_eq!(EVENTS.load(Ordering::Relaxed), 1);
        send().wait();
        drop(send());
        assert_eq!(
            EVENTS.load(Ordering::Relaxed),
            3,
            "it hears again of others"
        );
    });
}
