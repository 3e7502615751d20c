//! Checks that a span travels although the only subscriber wants no more than warnings.
//!
//! This is a test target of its own, because `tracing` has one level for all subscribers of
//! a process.
#![deny(warnings)]

use bridge::Bridge;
use testkit::within;
use tracing::{Span, level_filters::LevelFilter, subscriber, warn_span};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

/// Otherwise the warnings of a job do not tell which request they belong to.
#[test]
fn a_span_travels_among_warnings() {
    let warnings = Registry::default().with(LevelFilter::WARN);
    within(|| {
        subscriber::with_default(warnings, || {
            let span = warn_span!("request").entered();
            let bridge = Bridge::builder().max_threads(1).build().unwrap();
            let seen = bridge.wait(bridge.offload(|| Span::current().id()));
            assert!(seen.is_some(), "the job is in a span");
            assert_eq!(seen, span.id());
        });
    });
}
