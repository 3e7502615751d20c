//! Checks the log lines of a bridge that logs its waits.
//!
//! This is a test target of its own. `tracing` caches for each place in the
//! code whether a subscriber wants its events. If a thread without a subscriber
//! comes first, the subscriber of another thread gets nothing from that place.
#![deny(warnings)]

use std::{
    fmt::Write as _,
    future::{pending, poll_fn, ready},
    panic::{self, AssertUnwindSafe},
    pin::Pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bridge::{BoxCall, Bridge, smartasync};
use testkit::within;
use tracing::{Event, Level, Metadata, Subscriber, field, span};

/// Keeps each event as a line.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("bridge") && *metadata.level() == Level::DEBUG
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl field::Visit for Line {
            fn record_debug(&mut self, field: &field::Field, value: &dyn std::fmt::Debug) {
                write!(self.0, "{}={value:?} ", field.name()).unwrap();
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[smartasync]
async fn load() {}

#[smartasync]
fn count() {}

/// Otherwise a log, a warning or a report names the types of this crate, and nobody knows which
/// call they mean.
#[test]
fn each_wait_for_a_call_tells_the_name_of_its_function() {
    let lines = Lines::default();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let bridge = Bridge::builder().debug(true).build().unwrap();
            let limit = Duration::from_secs(20);
            load().on(&bridge).wait();
            load().on(&bridge).wait_timeout(limit).unwrap();
            BoxCall::new(load()).on(&bridge).wait();
            BoxCall::new(load())
                .on(&bridge)
                .wait_timeout(limit)
                .unwrap();
            count().on(&bridge).wait_timeout(limit).unwrap();
            BoxCall::new(count())
                .on(&bridge)
                .wait_timeout(limit)
                .unwrap();
            let mut polled = count().on(&bridge);
            let mut cx = Context::from_waker(Waker::noop());
            if Pin::new(&mut polled).poll(&mut cx).is_pending() {
                polled.wait();
            }
        });
    });
    let lines = lines.0.lock().unwrap();
    // The job of the last call may be ready at its first poll.
    assert!((6..=7).contains(&lines.len()), "{lines:#?}");
    for (number, line) in lines.iter().enumerate() {
        let name = if number < 4 { "load" } else { "count" };
        let future = line.split("future=").nth(1).unwrap();
        let future = future.split(" at=").next().unwrap();
        assert!(future.contains(name), "{line}");
        assert!(!future.contains('<'), "{line}");
    }
}

#[test]
fn each_wait_tells_its_future_place_time_and_error() {
    let lines = Lines::default();
    let first = line!() + 6;
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let bridge = Bridge::builder().debug(true).build().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let (runtime, none) = (runtime.unwrap(), Duration::ZERO);
            bridge.wait(ready(()));
            let _late = bridge.wait_timeout(pending::<()>(), none).unwrap_err();
            runtime.block_on(async { bridge.try_wait(pending::<()>()).unwrap_err() });
            runtime.block_on(async { bridge.wait_frozen(ready(())) });
            let panics = || bridge.wait(poll_fn(|_| -> Poll<()> { panic!("on purpose") }));
            let _payload = panic::catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        });
    });
    let lines = lines.0.lock().unwrap();
    // With the line of the wait, counted from the first.
    let expected = [
        (0, "Ready<()>", "place=Thread", None),
        (1, "Pending<()>", "place=Thread", Some("ran out of time")),
        (2, "Pending<()>", "place=Worker(0)", Some("would freeze")),
        (3, "Ready<()>", "place=Worker(0)", None),
        (4, "PollFn<", "place=Thread", Some("a panic ended")),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, (offset, future, place, error)) in lines.iter().zip(expected) {
        let at = format!("at={}:{}:", file!(), first + offset);
        for part in ["message=wait ", "elapsed=", &at, future, place] {
            assert!(line.contains(part), "{part} is not in {line}");
        }
        assert_eq!(line.contains("error="), error.is_some(), "{line}");
        assert!(line.contains(error.unwrap_or_default()), "{line}");
    }
}

/// Otherwise nobody sees which wait is slow.
#[test]
fn the_time_of_a_wait_is_that_of_its_future() {
    let lines = Lines::default();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let bridge = Bridge::builder().debug(true).build().unwrap();
            bridge.wait(async { std::thread::sleep(Duration::from_millis(20)) });
        });
    });
    let lines = lines.0.lock().unwrap();
    let elapsed = lines[0].split("elapsed=").nth(1).unwrap();
    let unit = elapsed.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let is_long = unit.starts_with("ms ") || unit.starts_with("s ");
    assert!(is_long, "{}", lines[0]);
}

/// Otherwise the wait has the settings of another bridge, and rests on its home.
#[test]
fn a_call_that_was_polled_waits_on_its_own_bridge() {
    let lines = Lines::default();
    within(|| {
        tracing::subscriber::with_default(lines.clone(), || {
            let bridge = Bridge::builder().max_threads(1).debug(true);
            let bridge = bridge.build().unwrap();
            let (release, held) = mpsc::channel::<()>();
            let _plug = bridge.offload(move || held.recv().is_err()).start();
            let mut polled = count().on(&bridge);
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut polled).poll(&mut cx).is_pending());
            drop(release);
            polled.wait();
        });
    });
    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("count"), "{}", lines[0]);
}
