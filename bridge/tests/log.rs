//! Checks a subscriber that waits and offloads, on bridges that log that.
//!
//! This is a test target of its own, because it sets the global subscriber.
//! `tracing` does not guard that one against recursion, as it guards the
//! subscriber of a single thread.

use std::{
    cell::Cell,
    future::pending,
    sync::{LazyLock, Once},
    time::Duration,
};

use bridge::{Bridge, smartasync, wait_frozen_timeout};
use testkit::within;
use tokio::runtime::Builder;
use tracing::{Event, Level, Metadata, Subscriber, span};

static LOGGED: LazyLock<Bridge> = LazyLock::new(|| {
    let builder = Bridge::builder().worker_threads(1).debug(true);
    builder.build().unwrap()
});

static SHUT_DOWN: LazyLock<Bridge> = LazyLock::new(|| {
    let bridge = Bridge::builder().build().unwrap();
    let _report = bridge.shutdown(Duration::ZERO).wait();
    bridge
});

/// A subscriber that hears of itself does so without end. So the first events only are
/// answered.
const ANSWERED: usize = 3;

thread_local! {
    static EVENTS: Cell<usize> = const { Cell::new(0) };
    static LEVEL: Cell<Option<Level>> = const { Cell::new(None) };
    static ANSWER: Cell<fn()> = const { Cell::new(|| ()) };
}

/// Counts and answers the events of this thread from now on.
fn answer(answer: fn()) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Sends).unwrap());
    EVENTS.set(0);
    ANSWER.set(answer);
}

/// Calls a function for each event, which may log events too.
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

    fn event(&self, event: &Event<'_>) {
        LEVEL.set(Some(*event.metadata().level()));
        EVENTS.set(EVENTS.get() + 1);
        if EVENTS.get() <= ANSWERED {
            ANSWER.get()();
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_subscriber_that_waits_does_not_hear_of_itself() {
    within(|| {
        answer(|| {
            LOGGED.wait(send());
            send().wait();
        });
        LOGGED.wait(async {});
        assert_eq!(EVENTS.get(), 1);
        send().wait();
        drop(send());
        assert_eq!(EVENTS.get(), 3, "it hears again of others");
    });
}

/// Otherwise a line that is logged after the shutdown overflows the stack.
#[test]
fn a_subscriber_whose_closures_are_lost_does_not_hear_of_it() {
    within(|| {
        answer(|| SHUT_DOWN.offload(|| ()).detach());
        SHUT_DOWN.offload(|| ()).detach();
        assert_eq!(EVENTS.get(), 1);
        SHUT_DOWN.offload(|| ()).detach();
        assert_eq!(EVENTS.get(), 2, "it hears again of others");
    });
}

/// Otherwise a service that logs only errors does not tell of lost work.
#[test]
fn a_lost_closure_is_an_error() {
    within(|| {
        answer(|| ());
        SHUT_DOWN.offload(|| ()).detach();
        assert_eq!(LEVEL.get(), Some(Level::ERROR));
    });
}

/// Otherwise each wait of the subscriber warns after a second, and waits once more.
#[test]
fn a_subscriber_whose_wait_warns_does_not_hear_of_it() {
    within(|| {
        fn parked() {
            let never = pending::<()>();
            wait_frozen_timeout(never, Duration::from_millis(1500)).unwrap_err();
        }
        answer(parked);
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { parked() });
        assert_eq!(EVENTS.get(), 1);
    });
}
