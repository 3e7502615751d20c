//! A queue that stands still is reported, once.
//!
//! A test target of its own: it needs a subscriber for all threads.

use std::{
    fmt::Write as _,
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use bridge::Pool;
use testkit::within;
use tracing::{Event, Level, Metadata, Subscriber, field::Visit, span};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the text of each warning.
struct Keep;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        WARNINGS.lock().unwrap().push(text.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_head_of_queue_that_waits_over_a_second_is_reported_once() {
    within(|| {
        tracing::subscriber::set_global_default(Keep).unwrap();
        let pool = Pool::builder().max_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let plug = pool.try_run(move || held.recv().is_err()).unwrap();
        let waiting: Vec<_> = (0..3).map(|n| pool.run(move || n).start()).collect();
        thread::sleep(Duration::from_millis(1100));
        let last = pool.run(|| 3).start();
        {
            let warnings = WARNINGS.lock().unwrap();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].contains("queued=4"), "{warnings:?}");
            assert!(warnings[0].contains("max_threads"), "{warnings:?}");
        }
        drop(release);
        assert!(bridge::wait(plug));
        let values = waiting.into_iter().chain([last]).map(bridge::wait);
        assert_eq!(values.collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(WARNINGS.lock().unwrap().len(), 1, "once");
    });
}
